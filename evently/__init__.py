"""Evently sells seats at events and never sells one twice."""

from evently.celery import app as celery_app

__all__ = ["celery_app"]
