"""Instants that Django writes by itself, in the form of `brief`; its time zone is UTC."""

DATETIME_FORMAT = r"D, j M Y, H:i, \U\T\C \t\i\m\e"
