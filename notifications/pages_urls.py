from django.urls import path

from notifications import pages

app_name = "notifications"
urlpatterns = [
    path("", pages.notices, name="list"),
    path("read", pages.read_all, name="read_all"),
    path("<id:notice_id>/", pages.open_notice, name="open"),
    path("preferences/", pages.preferences, name="preferences"),
    path("unsubscribe/<str:token>/", pages.unsubscribe, name="unsubscribe"),
]
