from django.urls import path

from events import pages

app_name = "events"
urlpatterns = [
    path("", pages.catalogue, name="catalogue"),
]
