"""The Celery app. A task message is only a nudge: the database rows are the queue."""

import gc
import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

app = Celery("switchboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def change_over_quickly(**_: Any) -> None:
    """Let a thread that wakes up for its start wait less for another's Python code."""
    sys.setswitchinterval(0.0005)


@worker_ready.connect
def spare_the_collector(**_: Any) -> None:
    """Keep the garbage collector from what is loaded once: it holds all threads up."""
    gc.collect()
    gc.freeze()


def send(task: str, *arguments: str) -> bool:
    """Have a task run, named as `calls.tasks.sweep`; False when the broker is down."""
    try:
        app.send_task(task, arguments)
    except OperationalError:
        return False
    return True
