"""How the admin looks and what its sidebar holds: the settings of django-unfold."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# Named by its place: the frame knows nothing of teams.
LOOKS = "events.admin.team.sees_changes"
WRITES = "notifications.admin.broadcasts.writes_to_people"


def is_staff(request: HttpRequest) -> bool:
    """For what only Evently's own people see."""
    return request.user.is_active and request.user.is_staff


def _item(title: Any, icon: str, address: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{address}"), **more}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Evently",
    "SITE_HEADER": "Evently",
    "SITE_SUBHEADER": _("Sells every seat once"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "confirmation_number",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("evently/icon.svg"),
        }
    ],
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "analytics.start_page.add_numbers",
    "SCRIPTS": [lambda _request: static("evently/admin.js")],
    "STYLES": [lambda _request: static("evently/admin.css")],
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("account_change_password")},
        ],
    },
    # The colours of the visitor's pages: warm paper, indigo.
    "COLORS": {
        "base": {
            "50": "#faf8f4",
            "100": "#f1eee8",
            "200": "#e2ddd3",
            "300": "#cdc7ba",
            "400": "#b4aea2",
            "500": "#6f695e",
            "600": "#565148",
            "700": "#3a3732",
            "800": "#2d2a26",
            "900": "#1d1b18",
            "950": "#161513",
        },
        "primary": {
            "50": "#f0f1fc",
            "100": "#e2e4f9",
            "200": "#cdd0ff",
            "300": "#b3b7ff",
            "400": "#9ba0f5",
            "500": "#8388ea",
            "600": "#3a3f9f",
            "700": "#33388e",
            "800": "#2c307f",
            "900": "#23275f",
            "950": "#17184a",
        },
    },
    "SIDEBAR": {
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _item(_("Overview"), "space_dashboard", "index"),
                    _item(_("Events"), "event", "events_event_changelist"),
                    _item(_("Bookings"), "confirmation_number", "bookings_booking_changelist"),
                    _item(_("Waitlists"), "hourglass_top", "waitlist_entry_changelist"),
                    _item(
                        _("Messages"),
                        "campaign",
                        "notifications_broadcast_changelist",
                        permission=WRITES,
                    ),
                    _item(_("Team"), "group", "events_organiser_changelist", permission=LOOKS),
                    _item(_("Changes"), "history", "history_change_changelist", permission=LOOKS),
                ],
            },
            {
                "title": _("Evently's staff"),
                "separator": True,
                "items": [
                    _item(_("People"), "person", "accounts_user_changelist", permission=is_staff),
                    _item(
                        _("Mails"),
                        "mail",
                        "notifications_delivery_changelist",
                        permission=is_staff,
                    ),
                    _item(
                        _("Addresses without mail"),
                        "unsubscribe",
                        "notifications_suppression_changelist",
                        permission=is_staff,
                    ),
                    _item(_("Jobs"), "schedule", "jobs_jobrun_changelist", permission=is_staff),
                    _item(
                        _("Inventory audits"),
                        "fact_check",
                        "events_inventoryaudit_changelist",
                        permission=is_staff,
                    ),
                ],
            },
        ],
    },
}
