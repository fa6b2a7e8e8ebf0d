"""Whether the demo was loaded: a mark that no edit of its events or people can remove."""

from django.db import models


class DemoLoad(models.Model):
    """The demo stands in this database in full, since this instant."""

    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.loaded_at:%Y-%m-%d %H:%M}"
