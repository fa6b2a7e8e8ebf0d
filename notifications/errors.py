"""What the use cases of notices refuse."""

from django.utils.translation import gettext_lazy as _

from evently.errors import Kind, NotFound, Refusal


class NoticeNotFound(NotFound):
    title = _("There is no such notice, or it is not yours to see.")


class UnknownUnsubscribeLink(NotFound):
    title = _("This link is not complete. Copy it from the mail once more.")


class NobodyToTell(Refusal):
    """A broadcast for people of whom there are none."""

    code = "nobody-to-tell"
    kind = Kind.CONFLICT
    title = _("There is nobody to tell: nobody has booked or waits, as you chose.")


class NothingToSendAgain(Refusal):
    code = "nothing-to-send-again"
    kind = Kind.CONFLICT
    title = _("This mail is on its way or has arrived.")
