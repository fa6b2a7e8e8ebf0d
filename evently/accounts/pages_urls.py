from django.urls import path

from evently.accounts import pages

app_name = "accounts"
urlpatterns = [
    path("profile/", pages.profile, name="profile"),
    path("data/", pages.data, name="data"),
    path("delete/", pages.delete, name="delete"),
]
