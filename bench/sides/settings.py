"""Evently with the naive booking door in the place of its own."""

from evently.settings import *  # noqa: F403

ROOT_URLCONF = "bench.sides.urls"
