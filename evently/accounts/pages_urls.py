from django.urls import path

from evently.accounts import address_pages, pages

app_name = "accounts"
urlpatterns = [
    path("profile/", pages.profile, name="profile"),
    path("email/send-again/", address_pages.send_again, name="send_again"),
    path("data/", pages.data, name="data"),
    path("delete/", pages.delete, name="delete"),
]
