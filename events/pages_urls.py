from django.contrib.sitemaps import views as sitemaps
from django.urls import path

from events import pages
from events.sitemap import SITEMAPS, robots

app_name = "events"
index = {"sitemaps": SITEMAPS, "sitemap_url_name": "events:sitemap-section"}
urlpatterns = [
    path("", pages.catalogue, name="catalogue"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", sitemaps.index, index, name="sitemap"),
    path("sitemap-<section>.xml", sitemaps.sitemap, {"sitemaps": SITEMAPS}, name="sitemap-section"),
]
