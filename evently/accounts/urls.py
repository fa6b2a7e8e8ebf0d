from django.urls import path

from evently.accounts import api

urlpatterns = [
    path("auth/register", api.RegisterView.as_view(), name="register"),
    path("auth/login", api.LoginView.as_view(), name="login"),
    path("auth/refresh", api.RefreshView.as_view(), name="refresh"),
    path("auth/logout", api.LogoutView.as_view(), name="logout"),
    path("auth/verification", api.VerificationView.as_view(), name="verification"),
    path("auth/verification/confirm", api.ConfirmationView.as_view(), name="confirmation"),
    path("auth/profile", api.ProfileView.as_view(), name="profile"),
]
