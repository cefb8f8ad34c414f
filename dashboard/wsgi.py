"""The WSGI application that every web server here serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = get_wsgi_application()
# Read all that the first request would, then keep the collector from it for good: each
# look through it holds up the requests that come meanwhile.
list(get_resolver().url_patterns)
gc.collect()
gc.freeze()
