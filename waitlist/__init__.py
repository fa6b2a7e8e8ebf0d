"""Waitlists: who gets the seats that become free."""
