"""Notices in the admin: how mails are doing, how they look, and messages to an event's people."""

from notifications.admin import broadcasts, deliveries

__all__ = ["broadcasts", "deliveries"]
