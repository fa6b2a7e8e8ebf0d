"""What pages know of a person's teams."""

from django import template

from evently.accounts.models import User

register = template.Library()


@register.filter
def works_here(user: User) -> bool:
    """Whether the admin is open to the person: staff, or a member of any organiser's team."""
    return user.is_staff or (user.is_verified and user.memberships.exists())
