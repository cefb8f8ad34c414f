"""The project: settings, people and workspaces, and the frame of every page."""

# Tasks are sent through this app from wherever Django is set up.
from dashboard.celery import app as celery_app

__all__ = ["celery_app"]
