"""Organisers, their teams and events in the admin. All writing goes through the services."""

from events.admin import audits, changes, events, invitations, organisers

__all__ = ["audits", "changes", "events", "invitations", "organisers"]
