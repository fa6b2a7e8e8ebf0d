"""Evently on one machine: real PostgreSQL and Redis from wheels, and a supervisor around them.

Nothing in here needs settings or a running service, and production never imports it.
"""
