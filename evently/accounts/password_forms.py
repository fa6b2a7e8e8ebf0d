"""Forms of allauth with a part of ours. They stand apart from `forms`, which allauth imports."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """A new password; the old one beside it is counted like one at the log-in."""

    def clean_oldpassword(self) -> str:
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password
