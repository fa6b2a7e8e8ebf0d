from django.urls import path

from events import pages, sitemap, team_pages

app_name = "events"
urlpatterns = [
    path("", pages.catalogue, name="catalogue"),
    path("sell/", team_pages.sell, name="sell"),
    path("team/invitations/<str:token>/", team_pages.invitation, name="invitation"),
    path("robots.txt", sitemap.robots, name="robots"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-<section>.xml", sitemap.section, name="sitemap-section"),
]
