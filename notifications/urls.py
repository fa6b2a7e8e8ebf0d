from django.urls import path

from notifications import api

urlpatterns = [
    path("notifications", api.NotificationsView.as_view(), name="notifications"),
    path(
        "notifications/<id:notice_id>/read",
        api.ReadNotificationView.as_view(),
        name="read-notification",
    ),
    path(
        "notifications/preferences",
        api.PreferencesView.as_view(),
        name="notification-preferences",
    ),
    path("notifications/stats", api.StatsView.as_view(), name="notification-stats"),
    path("events/<id:event_id>/broadcast", api.BroadcastView.as_view(), name="broadcast"),
]
