"""Waitlists in the admin: who waits in true order and why, the rules of a line, and its figures."""

from waitlist.admin import entries, rules

__all__ = ["entries", "rules"]
