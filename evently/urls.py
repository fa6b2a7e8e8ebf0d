"""Every address of Evently."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from evently.accounts import address_pages
from evently.accounts.pages import choose_language
from evently.api.document import DocumentView
from evently.site.security_txt import security_txt
from notifications.provider_hooks import sendgrid_events

handler400 = "evently.site.failures.bad_request"
handler403 = "evently.site.failures.forbidden"
handler404 = "evently.site.failures.not_found"
handler500 = "evently.site.failures.server_error"

# Its script and styles are files of their own, so that it needs no exception from our CSP.
docs = SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api/docs.html")

urlpatterns = [
    path("", include("events.pages_urls")),
    path("", include("bookings.pages_urls")),
    path("", include("waitlist.pages_urls")),
    path("notifications/", include("notifications.pages_urls")),
    path("accounts/", include("evently.accounts.pages_urls")),
    # In front of the pages of the same addresses that allauth brings.
    path("accounts/email/", address_pages.address, name="account_email"),
    re_path(
        r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
        address_pages.confirm,
        name="account_confirm_email",
    ),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("api/v1/", include("evently.accounts.urls")),
    path("api/v1/", include("events.urls")),
    path("api/v1/", include("bookings.urls")),
    path("api/v1/", include("notifications.urls")),
    path("api/v1/", include("waitlist.urls")),
    path("anymail/sendgrid/tracking/", sendgrid_events, name="sendgrid-events"),
    path("api/schema", DocumentView.as_view(), name="schema"),
    path("api/docs", docs, name="docs"),
    path(".well-known/security.txt", security_txt, name="security-txt"),
]
if settings.DEVELOPMENT_MAIL:
    urlpatterns.append(path("development/mails/", include("evently.dev.mail_pages")))
