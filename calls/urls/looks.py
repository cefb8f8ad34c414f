"""Addresses of the queue of looks, below /calls/looks/."""

from django.urls import path

from calls.views import looks

urlpatterns = [
    path("", looks.look_list, name="look_list"),
    path("done/", looks.look_done_all, name="look_done_all"),
    path("undo/", looks.look_undo, name="look_undo"),
    path("<int:pk>/done/", looks.look_done, name="look_done"),
]
