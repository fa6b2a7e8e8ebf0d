from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "evently.demo"
    label = "demo"
