"""Settings of every Evently process. Values come from the environment through `evently.env`.

`manage.py check --deploy` names every setting that is missing or unsafe for production.
"""

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from celery.schedules import crontab
from corsheaders.defaults import default_headers
from django.utils.translation import gettext_lazy as _
from kombu import Queue
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from evently import env
from evently.admin.look import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Who we are -------------------------------------------------------------------------------
SECRET_KEY = env.secret_key()
# Former keys: what they signed stays valid, and nothing new is signed with them.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
DEBUG = env.flag("DEBUG", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = env.site_url()
RATE_LIMITS = env.flag("RATE_LIMITS", default=True)
# Threads of Django in one server process; each has its own database connection.
WEB_THREADS = env.number("WEB_THREADS", 8, low=1, high=64)
WEB_WORKERS = env.number("WEB_WORKERS", 1, low=1, high=64)
EXPRESS_LANE = env.flag("EXPRESS_LANE", default=True)
# The caches: whole public answers in each process, lists in Redis, results in the database.
EDGE_CACHE = env.flag("EDGE_CACHE", default=True)
# Tells what stands in the slots of kept answers: see `evently.gateway.edge.slots`.
EDGE_SLOTS = "events.slots.read_news"
EDGE_CACHE_MB = env.number("EDGE_CACHE_MB", 64, low=1, high=65_536)
L2_CACHE = env.flag("L2_CACHE", default=True)
L3_CACHE = env.flag("L3_CACHE", default=True)

# --- Parts --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "evently.accounts",
    "evently.site",
    "evently.history",
    "evently.idempotency",
    "events",
    "bookings",
    "waitlist",
    "notifications",
    "evently.jobs",
    "evently.demo",
    "evently.loadtest",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "evently.admin.apps.EventlyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "channels",
    "django_prometheus",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "evently.headers.PermissionsPolicyMiddleware",
    "evently.site.personal.forbid_keeping",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "evently.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "evently.replicas.note_writers",
    "evently.accounts.devices.remember_devices",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

# The layers in front of Django and the websockets, outermost first; each can be taken out.
GATEWAY = [
    "evently.gateway.tracing.Tracing",
    "evently.gateway.clients.Clients",
    "evently.gateway.health.HealthGate",
    *(["evently.gateway.limits.RateLimits"] if RATE_LIMITS else []),
    *(["evently.gateway.edge.EdgeCache"] if EDGE_CACHE else []),
    *(["evently.gateway.limits.SharedLimit"] if RATE_LIMITS else []),
    "evently.gateway.bodies.Bodies",
    *(["bookings.lane.door.ExpressLane"] if EXPRESS_LANE else []),
]

ROOT_URLCONF = "evently.urls"
ASGI_APPLICATION = "evently.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------------------------
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(env.database_url() or "postgres://")}
DATABASES["default"] |= {
    "ENGINE": "evently.postgres",
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
    # Services open transactions, requests do not (`evently.E001` says so when this is changed).
    "ATOMIC_REQUESTS": False,
}
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    # How long a lock is waited for, how long a statement may take, and how long a stopped process
    # may keep the lock of a hot event: set for the connection, so that no transaction pays for it.
    "options": "-c lock_timeout=5s -c statement_timeout=60s"
    " -c idle_in_transaction_session_timeout=15s"
    # A statement whose client is gone holds its locks no longer than this.
    " -c client_connection_check_interval=2s",
}
# A copy that answers readers who do not mind a moment's delay: see `evently.replicas`.
if replica_url := env.text("REPLICA_URL"):
    DATABASES["replica"] = DATABASES["default"] | dj_database_url.parse(replica_url)
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
DATABASE_ROUTERS = ["evently.replicas.ReplicaRouter"]
REPLICA_LAG_SECONDS = env.number("REPLICA_LAG_SECONDS", 5, low=1)
REPLICA_PIN_SECONDS = env.number("REPLICA_PIN_SECONDS", 10, low=1)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, sessions, locks, live messages, jobs -----------------------------------------
REDIS_URL = env.redis_url() or "redis://127.0.0.1:6379/0"
# One quick second try on a fresh connection, none after a time-out: Redis may be missing, and a
# booking must not wait for it.
REDIS_OPTIONS = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.5,
    "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
}
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "evently.cache.OpenCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "evently",
        "OPTIONS": {"CONNECTION_POOL_KWARGS": REDIS_OPTIONS, "IGNORE_EXCEPTIONS": True},
    },
    # `evently.caching` alone uses these two.
    "lists": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "evently:lists",
        "OPTIONS": {"CONNECTION_POOL_KWARGS": REDIS_OPTIONS},
    },
    "results": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "evently_results",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}
NO_CACHE = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
if not L2_CACHE:
    CACHES["lists"] = NO_CACHE
if not L3_CACHE:
    CACHES["results"] = NO_CACHE
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "evently.site.layers.RedisLayer",
        "CONFIG": {
            # The layer waits for a message for 5 s at a time, which the client's own time-out of
            # 5 s would take for a dead line: an idle websocket would be closed.
            "hosts": [{"address": REDIS_URL, "socket_connect_timeout": 2, "socket_timeout": 10}],
            "prefix": "evently:live",
            "capacity": 1000,
        },
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

CELERY_BROKER_URL = REDIS_URL
# Kombu's, but for one error that ended workers when Redis went away.
CELERY_BROKER_TRANSPORT = "evently.jobs.broker:Transport"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long Redis is out, workers come back by themselves.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A use case that nudges a worker does not wait for a broker that is out: one more try, at once.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "evently:jobs:",
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "max_retries": 1,
    "interval_start": 0,
}
# What a lost broker interrupts is delivered again: tasks are idempotent.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Who only brings mail may take its time: others' jobs do not wait behind it. A worker takes from
# all queues unless it is told otherwise (`evently.dev.plan`).
CELERY_TASK_QUEUES = [Queue("celery"), Queue("mail")]
CELERY_TASK_ROUTES = {"notifications.deliver": {"queue": "mail"}}
CELERY_BEAT_SCHEDULE = {
    "sign of life": {"task": "evently.beat_heart", "schedule": 15},
    "audit": {"task": "events.audit_inventory", "schedule": 60},
    "ended events": {"task": "events.complete_ended_events", "schedule": 60},
    "bookings of cancelled events": {"task": "bookings.cancel_left_bookings", "schedule": 60},
    "offers": {"task": "waitlist.expire_offers", "schedule": 5},
    "waitlists": {"task": "waitlist.sweep", "schedule": 60},
    "mail": {"task": "notifications.deliver", "schedule": 15},
    "reminders": {"task": "notifications.remind", "schedule": 60},
    "moved events": {"task": "notifications.tell_of_moves", "schedule": 30},
    "broadcasts": {"task": "notifications.write_broadcasts", "schedule": 60},
    "stale locks": {"task": "evently.report_stale_locks", "schedule": 60},
    "old answers": {"task": "bookings.forget_old_answers", "schedule": crontab(minute="17")},
    "old tokens": {"task": "accounts.forget_old_tokens", "schedule": crontab(hour="3", minute="7")},
}

# --- People -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["evently.accounts.backends.AddressBackend"]
# Several accounts may give one address (docs/decisions/0019-accounts.md).
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
MIN_PASSWORD = 10
VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": MIN_PASSWORD}},
    {
        "NAME": f"{VALIDATORS}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    # 20 000 of those that are found most often in what was stolen elsewhere.
    {"NAME": f"{VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{VALIDATORS}.NumericPasswordValidator"},
    {"NAME": "evently.accounts.passwords.NoKnownNamesValidator"},
]
# Ask haveibeenpwned.com for all others, of which it learns five signs of a hash of the password.
BREACHED_PASSWORDS = env.flag("BREACHED_PASSWORDS", default=False)
if BREACHED_PASSWORDS:
    AUTH_PASSWORD_VALIDATORS.append(
        {"NAME": "pwned_passwords_django.validators.PwnedPasswordsValidator"}
    )
PWNED_PASSWORDS = {"API_TIMEOUT": 1.0, "ADD_PADDING": True}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "evently.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "evently.accounts.forms.SignUpForm",
    "reset_password": "evently.accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "evently.accounts.forms.NewPasswordForm",
    "change_password": "evently.accounts.forms.ChangePasswordForm",
}
# Addresses are verified by `evently.accounts.addresses`, whichever door an account came through.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Wrong passwords are counted by `evently.accounts.login_limits` at every door, and all log-ins by
# the gateway (`RATE_LIMIT_LOGIN`); the rest is as allauth has it.
ACCOUNT_RATE_LIMITS: Any = dict.fromkeys(
    ("login", "login_failed", "reauthenticate", "change_password")
)
if not RATE_LIMITS:
    ACCOUNT_RATE_LIMITS = False

# Tokens are signed with a key of their own, derived from this secret (`accounts.token_format`).
TOKEN_KEY = env.text("TOKEN_KEY") or SECRET_KEY
TOKEN_KEY_FALLBACKS = env.words("TOKEN_KEY_FALLBACKS") or SECRET_KEY_FALLBACKS
ACCESS_TOKEN_LIFETIME = env.minutes("ACCESS_TOKEN_MINUTES", 15)
REFRESH_TOKEN_LIFETIME = timedelta(days=env.number("REFRESH_TOKEN_DAYS", 14, low=1))

# --- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "evently.api.authentication.AccessToken",
        "evently.api.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["evently.api.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "evently.api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "evently.api.problem.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # Accept alone chooses the format of an answer; `?format=` is a parameter like any other.
    "URL_FORMAT_OVERRIDE": None,
    "NON_FIELD_ERRORS_KEY": "body",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Evently",
    "DESCRIPTION": "Sells seats at events and never sells one twice.\n\n"
    "Requests are limited; every answer says in `RateLimit-Limit`, `RateLimit-Remaining` and "
    "`RateLimit-Reset` how much of the limit is left, unless the operator has switched limits off. "
    "Live numbers and news come by websocket: see `/developers/` on the site.",
    "VERSION": "1",
    "CONTACT": {"name": "The Evently authors"},
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/", "description": "The site that serves this document."}],
    "SERVE_INCLUDE_SCHEMA": False,
    "TAGS": [
        {"name": "auth", "description": "Accounts and tokens."},
        {"name": "organisers", "description": "Teams that run events."},
        {"name": "events", "description": "What is on, and the seats that are left."},
        {"name": "bookings", "description": "Seats that somebody has booked."},
        {"name": "waitlist", "description": "Waiting for seats of events that are sold out."},
        {"name": "notifications", "description": "What people are told, and how."},
    ],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "EventStatus": "events.models.Event.Status",
        "BookingStatus": "bookings.models.Booking.Status",
    },
}

# --- Protection ---------------------------------------------------------------------------------
# Plain http is for development: `check --deploy` calls these unsafe.
SECURE_COOKIES = not env.flag("INSECURE_COOKIES", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
# With the prefix no other host of the domain, and nobody on plain http, can set them (RFC 6265bis
# §4.1.3.2); browsers take it over TLS alone.
COOKIE_PREFIX = "__Host-" if SECURE_COOKIES else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}device"
CSRF_FAILURE_VIEW = "evently.site.failures.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
if env.flag("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
# No request brings more bytes than this, whatever they are: so none is ever written to the disk.
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
# What a page may ask of the browser: nothing of this.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "browsing-topics", "camera", "display-capture"),
        *("geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection"),
        *("local-fonts", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock"),
        *("serial", "usb", "xr-spatial-tracking"),
    )
)
# Whom to tell of a hole: /.well-known/security.txt.
SECURITY_CONTACT = env.words("SECURITY_CONTACT")
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
]
# Whose X-Forwarded-For is believed.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# Who may see the metrics, and which part is out: by address, or by a token.
METRICS_NETWORKS = env.networks("METRICS_NETWORKS", "127.0.0.0/8,::1")
METRICS_TOKEN = env.text("METRICS_TOKEN")
# Requests a minute. A visitor asks 12 to 30 times a minute for each page whose websocket cannot be
# opened, and many visitors may share one address.
RATE_LIMIT_PER_MINUTE = {
    "global": env.number("RATE_LIMIT_GLOBAL", 10_000, low=1),
    "address": env.number("RATE_LIMIT_ADDRESS", 1_000, low=1),
    "user": env.number("RATE_LIMIT_USER", 300, low=1),
    "booking": env.number("RATE_LIMIT_BOOKING", 10, low=1),
    "login": env.number("RATE_LIMIT_LOGIN", 30, low=1),
    "write": env.number("RATE_LIMIT_WRITE", 120, low=1),
    "webhook": env.number("RATE_LIMIT_WEBHOOK", 600, low=1),
    "live": env.number("RATE_LIMIT_LIVE", 300, low=1),
    "search": env.number("RATE_LIMIT_SEARCH", 600, low=1),
    "read": env.number("RATE_LIMIT_READ", 900, low=1),
    "static": env.number("RATE_LIMIT_STATIC", 3_000, low=1),
}

# --- Mail ---------------------------------------------------------------------------------------
# Notices go to SendGrid first and to the SMTP server when that fails (`notifications.delivery`);
# mails about accounts, such as a new password, go to the server, or else to SendGrid.
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 25, low=1, high=65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
SENDGRID_API_KEY = env.text("SENDGRID_API_KEY")
SENDGRID_WEBHOOK_VERIFICATION_KEY = env.text("SENDGRID_WEBHOOK_VERIFICATION_KEY")
ANYMAIL: dict[str, Any] = {
    "SENDGRID_API_URL": env.text("SENDGRID_API_URL", "https://api.sendgrid.com/v3/"),
    "REQUESTS_TIMEOUT": (3, 10),  # seconds to connect, and to answer
}
# anymail has no account there to test with any more, and says so each time; our tests do test it.
warnings.filterwarnings("ignore", message="django-anymail has dropped official support")
if EMAIL_HOST:
    EMAIL_BACKEND = "evently.mail.SmtpBackend"
elif SENDGRID_API_KEY:
    EMAIL_BACKEND = "evently.mail.SendGridBackend"
else:
    EMAIL_BACKEND = "evently.mail.ConsoleBackend"
# The folder of mails that `make run` shows in the browser; empty: no such pages.
DEVELOPMENT_MAIL = env.text("DEVELOPMENT_MAIL")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Evently <hello@evently.example>")

# --- Words, times and files ---------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("en-gb", _("British English")), ("de", _("German"))]
FORMAT_MODULE_PATH = ["evently.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or env.home() / "static")
STATICFILES_DIRS = [BASE_DIR / "evently" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "evently.site.storage.StaticFiles"},
}

LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
ACCESS_LOG = env.flag("ACCESS_LOG", default=True)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request": {"()": "asgi_correlation_id.CorrelationIdFilter", "default_value": "-"},
        "alarm": {"()": "evently.gateway.quiet.NoFalseAlarm"},
        "repeats": {"()": "evently.repeats.OncePerMinute"},
    },
    "formatters": {
        "line": {
            "()": "evently.console.Lines",
            "format": "%(levelname)s %(name)s [%(correlation_id)s]: %(message)s",
        },
    },
    "handlers": {
        "console": {
            "class": "evently.console.Console",
            "formatter": "line",
            "filters": ["repeats", "request"],
        },
    },
    "loggers": {
        # Every refusal is a 4xx, told to the caller: no news for the log.
        "django.request": {"level": "ERROR"},
        # Celery sets the root's level; the lines that tell which request started a task stay.
        "evently": {"level": LOG_LEVEL},
        "uvicorn.error": {"filters": ["alarm"]},
        "evently.access": {"level": LOG_LEVEL if ACCESS_LOG else "WARNING"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
