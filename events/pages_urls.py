from django.urls import path

from events import pages, sitemap

app_name = "events"
urlpatterns = [
    path("", pages.catalogue, name="catalogue"),
    path("robots.txt", sitemap.robots, name="robots"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-<section>.xml", sitemap.section, name="sitemap-section"),
]
