"""The settings of `make check`: the migration linter is an app, for the linter alone."""

from evently.settings import *  # noqa: F403
from evently.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
