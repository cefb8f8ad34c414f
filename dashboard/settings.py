"""All settings of Switchboard; the only module that reads the environment."""

from pathlib import Path

import environ
from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard import files

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(ROOT / ".env")

DEBUG = env.bool("DEBUG", False)
DATA_DIR = Path(env.str("DATA_DIR", str(ROOT / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
PORT = env.int("PORT", 8000)
BASE_URL = env.str("BASE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. `make run` writes one into .env; in production set it "
        "in the environment to a long random value."
    )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL]
# Encrypts provider credentials at rest. The first key encrypts, all decrypt; see
# `manage.py credentials rotate`. Empty: a key derived from SECRET_KEY.
CREDENTIAL_KEYS = env.list("CREDENTIAL_KEYS", default=[])
# May a connection or a webhook go to an address that is not public HTTPS?
ALLOW_PRIVATE_ADDRESSES = env.bool("ALLOW_PRIVATE_ADDRESSES", DEBUG)
# How often the agents and numbers of every connection are brought here; 0: only when
# somebody asks.
SYNC_MINUTES = env.float("SYNC_MINUTES", 15.0)
# How long the log of webhooks that we sent is kept, and what an endpoint that is paused
# is still owed.
WEBHOOK_LOG_DAYS = env.int("WEBHOOK_LOG_DAYS", 30)
# How many requests a minute a new API key may make, unless its maker says otherwise;
# 0: however many.
KEY_REQUESTS_PER_MINUTE = env.int("KEY_REQUESTS_PER_MINUTE", 60_000)
# Divides every wait of the simulated voice platform.
SIMULATOR_SPEED = env.float("SIMULATOR_SPEED", 1.0)

INSTALLED_APPS = [
    "dashboard",
    "agents",
    "calls",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "allauth",
    "allauth.account",
    "csp",
    "ninja",
]
MIDDLEWARE = [
    "dashboard.middleware.express_lane",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.parts",
    "dashboard.middleware.workspace",
]
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "dashboard.context.shell",
            ],
            "builtins": ["dashboard.templatetags.ui"],
            "libraries": {"lucide": "dashboard.templatetags.icons"},
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
        },
    }
]

# --- Data -------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["ENGINE"] = "dashboard.postgres"
    DATABASES["default"]["OPTIONS"] = {
        # A statement that comes again is planned once: 15 % less for a whole click.
        "server_side_binding": True,
        "prepare_threshold": 3,
        # To compile a plan, or to start helpers for it, takes longer than any statement of
        # ours. With less memory the rows that have a common word are told by their pages
        # only, and read in vain.
        "options": ("-c jit=off -c max_parallel_workers_per_gather=0 -c work_mem=32MB"),
        "pool": {
            "min_size": 2,
            "max_size": env.int("DATABASE_POOL_SIZE", 24),
            "timeout": 20,
        },
    }

REDIS_URL = env.str("REDIS_URL", "")
EMBEDDED = not REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = REDIS_URL or "memory://"

# --- People -----------------------------------------------------------------------
AUTH_USER_MODEL = "dashboard.User"
AUTHENTICATION_BACKENDS = ["dashboard.sessions.Backend"]
SESSION_ENGINE = "dashboard.sessions"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "dashboard.accounts.ClosedAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
vars().update(env.email("EMAIL_URL", default="consolemail://"))

# --- Words and times --------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Files ------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
# What collectstatic compressed is served in development too: pages load as they will.
WHITENOISE_AUTOREFRESH = False
WHITENOISE_USE_FINDERS = False
NODE_MODULES = ROOT / "node_modules"
STATICFILES_DIRS = [
    ROOT / "static",
    ("inter", NODE_MODULES / "@fontsource-variable/inter/files"),
    ("idiomorph", NODE_MODULES / "idiomorph/dist"),
]
RECORDINGS_URL = env.str("RECORDINGS_URL", "")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
    # Any storage that Django knows will do; both are read by our own pages only.
    "recordings": files.storage(
        RECORDINGS_URL,
        Path(env.str("RECORDINGS_DIR", str(DATA_DIR / "recordings"))),
        "recordings",
    ),
    "exports": files.storage(RECORDINGS_URL, DATA_DIR / "exports", "exports"),
}
MEDIA_ROOT = DATA_DIR / "media"

# --- The wire ---------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if BASE_URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # The health addresses are asked without TLS by the machine itself.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
APPEND_SLASH = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "dashboard.logs.Formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "kombu.connection": {"level": "ERROR"},
        "celery.worker.consumer": {"level": "WARNING"},
        "celery.worker.control": {"level": "ERROR"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}

# --- Tasks ------------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 16
CELERY_TASK_DEFAULT_QUEUE = "switchboard"
if EMBEDDED:
    # Without it a task waits up to 0.75 s in the in-memory broker.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.01}
# The sweeps find what a lost nudge left behind.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "calls.tasks.sweep", "schedule": 2.0},
    "settle missed": {"task": "calls.tasks.settle_missed", "schedule": 60.0},
    "find gaps": {"task": "calls.tasks.find_gaps", "schedule": 60.0},
    "sync": {"task": "calls.tasks.sync_connections", "schedule": 15.0},
    "age": {"task": "calls.tasks.look_for_old", "schedule": 60.0},
    "forget": {"task": "calls.tasks.forget_deliveries", "schedule": 3600.0},
}
