"""Instants that Django writes by itself, in the form of `brief`; its time zone is UTC."""

DATETIME_FORMAT = r"D, M j, Y, g:i A, \U\T\C \t\i\m\e"
