"""What search engines are told to look at, and what not."""

from typing import TYPE_CHECKING, Any

from django.contrib.sitemaps import Sitemap, views
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from evently.purging import EVENTS
from evently.site.public import let_edge_keep, public
from events.models import Event, EventQuerySet

EVENTS_OF_A_PAGE = 1_000
SECONDS = 300
KEEP_OUT = ("/admin/", "/accounts/", "/bookings/", "/api/")


if TYPE_CHECKING:
    EventSitemap = Sitemap[Event]
    NameSitemap = Sitemap[str]
else:
    EventSitemap = NameSitemap = Sitemap  # knows its items' type to the type checker only


class UpcomingEvents(EventSitemap):
    """Published events that are not over, soonest first."""

    limit = EVENTS_OF_A_PAGE

    def items(self) -> EventQuerySet:
        upcoming = Event.objects.upcoming(timezone.now())
        return upcoming.only("id").order_by("starts_at", "id")

    def location(self, item: Event) -> str:
        return reverse("bookings:event", args=[item.pk])


class Pages(NameSitemap):
    """The pages that stay."""

    def items(self) -> list[str]:
        return ["events:catalogue", "bookings:developers"]

    def location(self, item: str) -> str:
        return reverse(item)


SITEMAPS: dict[str, Any] = {"pages": Pages, "events": UpcomingEvents}


@public()
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """`/sitemap.xml`: the parts of the map."""
    found = views.index(request, SITEMAPS, sitemap_url_name="events:sitemap-section")
    return let_edge_keep(request, found, tags=[EVENTS], seconds=SECONDS)


@public(p=None)
@require_safe
def section(request: HttpRequest, section: str) -> HttpResponse:
    """One part of the map, by its name in `SITEMAPS`."""
    found = views.sitemap(request, SITEMAPS, section)
    return let_edge_keep(request, found, tags=[EVENTS], seconds=SECONDS)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """`/robots.txt`: what is of nobody's business but one's own stays out of search engines."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in KEEP_OUT), ""]
    lines.append(f"Sitemap: {request.build_absolute_uri(reverse('events:sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
