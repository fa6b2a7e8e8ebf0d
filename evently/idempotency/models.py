"""Answers that repeated requests get again."""

from django.conf import settings
from django.db import models

from evently.ids import new_id

LONGEST_KEY = 255


class KeptAnswer(models.Model):
    """The answer that a person's request with an idempotency key got.

    `request` says what was asked, so that a key stands for one request only. Only the code that
    kept an `answer` reads it. Keys of different people are different keys.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=LONGEST_KEY)
    request = models.CharField(max_length=100)
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "key"), name="one_kept_answer_per_person_and_key"
            ),
        )

    def __str__(self) -> str:
        return self.key
