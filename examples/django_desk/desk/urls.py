"""The pages of the desk."""

from django.contrib.auth.views import LoginView
from django.urls import path

from desk import views

urlpatterns = [
    path("login/", LoginView.as_view(template_name="desk/login.html"), name="login"),
    path("", views.queue, name="queue"),
    path("tickets/<path:ticket>/do/<str:event>/", views.act, name="act"),
    path("tickets/<path:ticket>/", views.ticket, name="ticket"),
]
