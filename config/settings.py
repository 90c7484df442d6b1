"""Read all Django settings from environment variables; each has a working default.

Each call declares a variable: name, default, meaning. docs/settings.md is made of them. All are on
this one page, so that a search has one place; config/early_settings.py has what is read before.
The CQRS tables, which wire the product, are at the end.
"""

from datetime import timedelta

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from config import environment as env
from config import secret_files
from config.database import databases, limits, owners
from config.database.embedded import postgres
from config.monitoring import log_levels, logs
from config.monitoring.traces import switch
from config.setting import section
from config.version import VERSION

BASE_DIR = env.BASE_DIR

section("Security")

DEBUG = env.flag("DEBUG", False, "Django's debug mode")
DEFAULT_EXCEPTION_REPORTER = "config.monitoring.debug_pages.TracebackReporter"
ALLOWED_HOSTS = env.listed(
    "ALLOWED_HOSTS",
    "127.0.0.1,localhost,[::1]",
    "names the server answers to, separated by commas; probes and `/metrics` are answered under"
    " any",
)

# A proxy in front uses TLS and sets X-Forwarded-Proto. `check --deploy` requires all of these.
HTTPS = env.flag(
    "HTTPS",
    False,
    "`1` behind a proxy that speaks TLS and sets `X-Forwarded-Proto`: redirects (not of probes and"
    " `/metrics`), secure cookies, HSTS; `manage.py check --deploy` is then clean",
)
SECRET_KEY = secret_files.secret_key(
    env.text(
        "SECRET_KEY",
        "",
        "signs tokens and sessions; with `HTTPS=1`, one of fewer than 50 characters is refused",
        unset="random, stored in `LOCAL_DIR`",
        secret=True,
        stored_in=secret_files.KEY_FILE,
    ),
    must_be_long=HTTPS,
)
SECRET_KEY_FALLBACKS = secret_files.fallback_keys(
    env.listed(
        "SECRET_KEY_FALLBACKS",
        "",
        "keys, separated by commas, whose signatures are accepted as well: the next key and the one"
        " before, while `SECRET_KEY` is [rotated](runbooks/rotate-the-secret-key.md)",
        secret=True,
    ),
    must_be_long=HTTPS,
)
DEMO_PASSWORD = env.text(
    "DEMO_PASSWORD",
    "",
    "when set, each start sets the demo users' passwords to it",
    unset="random, stored in `LOCAL_DIR`",
    secret=True,
    stored_in=secret_files.DEMO_PASSWORD_FILE,
)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
APPEND_SLASH = True  # for /admin; API paths have no trailing slash
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "cqrs",
    "cqrs.projections",
    "customers",
    "orders",
    "readmodels",
    "config",
]

MIDDLEWARE = [
    "cqrs.http.middleware.request_context",
    "config.monitoring.middleware.monitoring",
    "cqrs.http.request_metrics.request_metrics",  # probes and scrapes do not come here
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.admin_middleware.NulMiddleware",
    "config.admin_middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.admin_middleware.AuthenticationMiddleware",
    "config.admin_middleware.MessageMiddleware",
    # After the check of the CSRF token: a page of another site cannot use up a user's logins.
    "config.admin_middleware.LoginLimits",
    "config.admin_middleware.UnavailablePage",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
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

section("Databases")

_urls = {
    "default": env.text(
        "DATABASE_URL",
        "",
        "write side, alias `default`: `postgresql://user:password@host:port/database`",
        unset="a private PostgreSQL",
    ),
    "replica": env.text(
        "REPLICA_DATABASE_URL",
        "",
        "read side, alias `replica`: what queries read from. Set both or neither. May name several"
        " hosts: `postgresql://user:password@host1:5432,host2:5432/database`",
        unset="a private PostgreSQL",
    ),
    "replica_writer": env.text(
        "REPLICA_WRITER_DATABASE_URL",
        "",
        "the same database for projections and migrations, which write there; alias"
        " `replica_writer`; with it, `replica` only reads"
        " ([roles and several hosts](deployment.md))",
        unset="`REPLICA_DATABASE_URL`",
    ),
    "migration": env.text(
        "MIGRATION_DATABASE_URL",
        "",
        "the write database with its owner's role, for `migrate` and `flush` alone"
        " ([roles](deployment.md))",
        unset="`DATABASE_URL`",
    ),
    "replica_migration": env.text(
        "REPLICA_MIGRATION_DATABASE_URL",
        "",
        "the read database with its owner's role, for the same",
        unset="the writer's URL",
    ),
    "capture": env.text(
        "CDC_DATABASE_URL",
        "",
        "the write database with the role that may replicate, for `manage.py cdc` alone",
        unset="`DATABASE_URL`",
    ),
}
ADMIN_DATABASE_URL = env.text(
    "ADMIN_DATABASE_URL", "", "an administrator of the servers, for `manage.py roles` alone"
)
REPLICA_ADMIN_DATABASE_URL = env.text(
    "REPLICA_ADMIN_DATABASE_URL",
    "",
    "an administrator of the read database's server",
    unset="`ADMIN_DATABASE_URL`",
)
EMBEDDED = not any(_urls.values())  # the private PostgreSQL
if EMBEDDED:
    _urls = postgres.urls()
elif not (_urls["default"] and _urls["replica"]):
    raise ImproperlyConfigured("Set both DATABASE_URL and REPLICA_DATABASE_URL, or neither")

LOCK_TIMEOUT_MS = env.number(
    "LOCK_TIMEOUT_MS",
    2_000,
    "how long a statement waits for a lock, in every connection; a command that a client waits for,"
    " in all ([limits](limits.md#databases))",
)
DATABASES = databases.by_alias(
    _urls,
    read_max_age_s=env.number(
        "REPLICA_MAX_AGE_S",
        60,
        "seconds until a thread replaces its connection to `replica`, perhaps by one to another"
        " host",
    ),
)
DATABASE_LIMITS = limits.by_profile(
    lock_ms=LOCK_TIMEOUT_MS,
    first_lock_ms=env.number(
        "FIRST_LOCK_WAIT_MS",
        250,
        "how long a command in the web waits for a lock at first: then few may go on waiting",
    ),
    web_ms=env.number(
        "WEB_STATEMENT_TIMEOUT_MS", 5_000, "how long a statement may run while a client waits"
    ),
    worker_ms=env.number(
        "WORKER_STATEMENT_TIMEOUT_MS",
        60_000,
        "the same in workers and management commands; rebuilding, verifying and migrating have no"
        " such limit",
    ),
    idle_ms=env.number(
        "IDLE_IN_TRANSACTION_TIMEOUT_MS",
        10_000,
        "how long a transaction may stand open without a statement",
    ),
)
# The owners' roles, for `migrate` and `flush`; everything else changes rows alone.
DATABASE_OWNERS = owners.by_alias(_urls, DATABASES)
DATABASE_ROUTERS = ["readmodels.router.ReadModelRouter"]

section("Web server")

WORKER = env.flag("WORKER", True, "`0` starts `make run` without the background workers")
WEB_WORKERS = max(1, env.number("WEB_WORKERS", 1, "web processes; more than one needs Redis"))
WEB_THREADS = max(1, env.number("WEB_THREADS", 8, "threads in each web process"))
WEB_SHARES = env.shares(
    "WEB_SHARES",
    WEB_THREADS,
    "writes=5,reads=6,waiting=4,logins=2,exports=2",
    "how many threads each kind of request may use at once, and how many may wait for the read"
    " side; each from 1 to `WEB_THREADS` ([limits](limits.md))",
)
WEB_HEADERS_LIMIT_S = env.number(
    "WEB_HEADERS_LIMIT_S",
    10,
    "seconds for the head of a request; also how long an idle connection stays open",
)
WEB_BODY_LIMIT_S = env.number("WEB_BODY_LIMIT_S", 5, "seconds for the body, then 408")
WEB_QUEUE_LIMIT_S = env.number(
    "WEB_QUEUE_LIMIT_S", 1, "seconds that a complete request waits for a thread, then 503 `busy`"
)
WEB_SEND_LIMIT_S = env.number(
    "WEB_SEND_LIMIT_S",
    30,
    "seconds after which a client is given up that takes nothing of its answer (Linux)",
)
WEB_REFUSAL_DELAY_MS = env.number(
    "WEB_REFUSAL_DELAY_MS",
    250,
    "how long after its request a refused client (429, 503) gets its answer, at the earliest",
)
WEB_CONNECTIONS = env.number(
    "WEB_CONNECTIONS", 4096, "open connections of a web process; more wait to be accepted"
)

section("Cache and broker")

REDIS_URL = env.text(
    "REDIS_URL",
    "",
    "cache (also of [answers](architecture.md#caching)) and Celery broker",
    unset="in process",
)
REDIS_TIMEOUT_MS = env.number(
    "REDIS_TIMEOUT_MS",
    250,
    "how long an answer of Redis may take; then a process skips it until it answers again",
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_connect_timeout": REDIS_TIMEOUT_MS / 1000,
            "socket_timeout": REDIS_TIMEOUT_MS / 1000,
            # Django's own would unpickle, so that what writes to Redis could run code here.
            "serializer": "cqrs.caching.serializer.JsonSerializer",
        },
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

MEMORY_BROKER = "memory://localhost/"
CELERY_BROKER_URL = (
    env.text("CELERY_BROKER_URL", "", "another broker", unset="`REDIS_URL`")
    or REDIS_URL
    or MEMORY_BROKER
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
if CELERY_BROKER_URL == MEMORY_BROKER:
    CELERY_BROKER_TRANSPORT = "config.serve.memory_broker:Transport"
# A publisher that cannot reach the broker gives up quickly, because the sweep replaces a lost
# wake-up. For the same reason no task returns to Redis that was not acknowledged: after a lost
# connection that fails, and the worker ends.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if CELERY_BROKER_URL == MEMORY_BROKER
    else {
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
        "max_retries": 0,
        "ack_emulation": False,
    }
)
CELERY_BROKER_CONNECTION_TIMEOUT = 2  # seconds
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]  # what can write to the broker must not run code in a worker
# Reactions have a queue and workers of their own (deploy/supervisord.conf): a mail server that
# hangs holds none of the slots that project. A worker without -Q consumes the default queue alone.
CELERY_TASK_DEFAULT_QUEUE = "projections"
REACTIONS_QUEUE = "reactions"
CELERY_TASK_ROUTES = {
    "cqrs.tasks.react": {"queue": REACTIONS_QUEUE},
    "cqrs.tasks.run_reaction": {"queue": REACTIONS_QUEUE},
}
CELERY_TASK_IGNORE_RESULT = True
# Without this, Celery closes every database connection around each task, despite CONN_MAX_AGE.
CELERY_DB_REUSE_MAX = 100_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(env.local_dir() / "beat")
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "readmodels.tasks.project",
        "schedule": timedelta(seconds=1),
        # The next sweep replaces one that found no worker for a second.
        "options": {"expires": 1.0},
    },
    "reactions": {
        "task": "cqrs.tasks.react",
        "schedule": timedelta(seconds=1),
        "options": {"expires": 1.0},
    },
    "verify_sample": {
        "task": "readmodels.tasks.verify_sample",
        "schedule": crontab(hour=3, minute=17),  # UTC
    },
    "expire_idempotent_answers": {
        "task": "cqrs.tasks.expire_idempotent_answers",
        "schedule": timedelta(hours=1),
    },
}

section("Options of the product")

METRICS_TOKEN = env.text(
    "METRICS_TOKEN",
    "",
    "reading `/metrics` needs it as `Authorization: Bearer`, from everywhere",
    unset="none: only direct connections from this machine",
    secret=True,
)
METRICS_PORT = env.number(
    "METRICS_PORT",
    0,
    "where a worker, beat and `cdc run` serve [what they count](metrics.md); of several on one"
    " machine the next ones take the ports after it: on all addresses with `METRICS_TOKEN`, else"
    " for this machine alone. 0: nowhere",
)
MARKETING_WEBHOOK_URL = env.web_address(
    "MARKETING_WEBHOOK_URL",
    "where each new customer is posted to, `http://` or `https://`, without user and password,"
    " which errors would show: a secret belongs in the path; the event's id travels as"
    " `Idempotency-Key`",
    unset="none: campaigns are only logged",
)
READMODEL_SYNC = env.choice(
    "READMODEL_SYNC",
    ("celery", "cdc"),
    "what wakes the read side. `cdc`: commits queue no task, because `manage.py cdc run` wakes the"
    " projections; the sweep stays ([change data capture](cdc.md))",
)
UNTRACKED_PRODUCTS = env.choice(
    "UNTRACKED_PRODUCTS",
    ("accept", "reject"),
    "whether a product without a stock row can be ordered; `reject` answers `unknown_product`",
)

section("Mail")

# Without a server, mails are written to files: not to the log, because they hold personal data.
EMAIL_HOST = env.text(
    "EMAIL_HOST", "", "the mail server", unset="mails are written to `LOCAL_DIR/mail`"
)
FILES = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_BACKEND = "cqrs.reactions.outgoing.EmailBackend" if EMAIL_HOST else FILES
EMAIL_FILE_PATH = env.private_dir("mail")
EMAIL_PORT = env.number("EMAIL_PORT", 25, "its port")
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "", "who logs in there")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "", "the password of that user", secret=True)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False, "STARTTLS")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", False, "TLS from the start")
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("EMAIL_USE_TLS and EMAIL_USE_SSL: set one of the two at most")
EMAIL_TIMEOUT = 10  # seconds; without it, a server that does not answer blocks its worker
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "desk@localhost", "the sender of mails")

section("API")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cqrs.http.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["cqrs.http.parsers.ExactJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cqrs.http.negotiation.FirstFitNegotiation",
    "DEFAULT_METADATA_CLASS": "cqrs.http.negotiation.AllowedMethods",
    "DEFAULT_SCHEMA_CLASS": "cqrs.http.schema_components.MessageSchema",
    "DEFAULT_THROTTLE_CLASSES": ["cqrs.http.throttling.UserThrottle"],
    # Too many, and a client could choose its address.
    "NUM_PROXIES": env.number(
        "NUM_PROXIES", 0, "how many proxies in front add to `X-Forwarded-For`"
    ),
    "EXCEPTION_HANDLER": "cqrs.http.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,  # AnonymousUser would need the auth app's tables
    "URL_FORMAT_OVERRIDE": None,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Order desk",
    "DESCRIPTION": "Commands write to one database, queries read from another.\n\n"
    "Answers may gain fields, and enumerations new values: clients ignore what they do not know.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- admin and static files ----------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.local_dir("static")
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LOGIN_REDIRECT_URL = "admin:index"  # where a login leads that names no page of this site
UNFOLD = {"SITE_TITLE": "Order desk", "SITE_HEADER": "Order desk", "SITE_SYMBOL": "receipt_long"}

PASSWORD_HASHERS = ["cqrs.http.password_hasher.LowPriorityHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

section("Logging")

LOG_LEVEL = log_levels.overall(
    "LOG_LEVEL",
    env.text(
        "LOG_LEVEL",
        "",
        "lowest level written to stderr: `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`"
        " ([logs](logs.md#levels))",
        unset="`INFO` for our own logs, `WARNING` for others",
    ),
)
LOG_LEVELS = log_levels.by_area(
    "LOG_LEVELS",
    env.text(
        "LOG_LEVELS",
        "",
        "levels of single areas, such as `customers=DEBUG,django.request=WARNING`",
    ),
    LOG_LEVEL,
)
LOGGING = logs.standard(LOG_LEVEL or "WARNING", LOG_LEVELS)
logs.configure()

section("Traces")

# OpenTelemetry's own names; it reads those of its exporter, sampler and limits itself.
_endpoints = (
    env.text(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "where [traces](tracing.md) go; OpenTelemetry's other variables apply as well",
        unset="none: no traces",
        by_file=False,
    ),
    env.text(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "",
        "the whole address for traces, where it is another one",
        by_file=False,
    ),
)
TRACES_EXPORTER = switch.exporter(
    env.text(
        "OTEL_TRACES_EXPORTER",
        "",
        "`otlp`, `console` or `none`",
        unset="`otlp` with an endpoint, else `none`",
        by_file=False,
    ),
    "".join(_endpoints),
    disabled=env.flag("OTEL_SDK_DISABLED", False, "`1` switches traces off"),
)
env.choice("OTEL_EXPORTER_OTLP_PROTOCOL", (switch.PROTOCOL,), "no other one is installed")

section("The kernel")

_limits = {
    "LOCK_TIMEOUT_MS": LOCK_TIMEOUT_MS,
    "LOCK_WAITERS": env.number(
        "LOCK_WAITERS",
        2,
        "how many commands of one web process may go on waiting for one aggregate; others get 503"
        " `busy`",
    ),
    "SLOW_MESSAGE_MS": env.number(
        "SLOW_REQUEST_MS", 500, "a message that takes longer is logged as a warning"
    ),
    "WAITING_READS": WEB_SHARES["waiting"],
    "HASHING_AT_ONCE": env.number(
        "HASHING_AT_ONCE", 1, "how many passwords a process hashes at the same time"
    ),
    "HASHING_WAIT_MS": env.number(
        "HASHING_WAIT_MS",
        1000,
        "how long a login waits for its turn to hash, before it is refused with 503 `busy`",
    ),
    "THROTTLE_RATES": {  # (requests, seconds); None: no limit
        "read": env.rate(
            "THROTTLE_READ", "6000/min", "reads per user, counted in fixed windows; empty: no limit"
        ),
        "write": env.rate("THROTTLE_WRITE", "1200/min", "commands per user, likewise"),
        "login": env.rate(
            "THROTTLE_LOGIN",
            "30/min",
            "attempts to log in per address and name, to the API and to the admin together;"
            " refreshes per user",
        ),
        "login_address": env.rate(
            "THROTTLE_LOGIN_ADDRESS",
            "120/min",
            "attempts to log in per address with all names; of IPv6 per network (/64). Refreshes"
            " without a token of ours are counted apart, at the same rate",
        ),
    },
}
_projecting = {
    # Of a new projection; `projections repartition` changes it later. There are 256 buckets.
    "PARTITIONS": min(
        max(
            env.number(
                "PROJECTION_PARTITIONS",
                4,
                "1 to 256: how many workers can share a projection; a later change needs"
                " `projections repartition`",
            ),
            1,
        ),
        256,
    ),
    "REDIS_URL": REDIS_URL,
    "REDIS_TIMEOUT_MS": REDIS_TIMEOUT_MS,
}
_change_data_capture = {
    "CDC_NAME": env.text(
        "CDC_NAME",
        "order_desk",
        "the name of the replication slot and the publication, and the prefix of the topics: one"
        " for each system on a PostgreSQL server",
    ),
    "CDC_DATABASE_URL": _urls["capture"],
    "CDC_OWNER_DATABASE_URL": _urls["migration"],
    "CDC_HEARTBEAT_S": env.number(
        "CDC_HEARTBEAT_S",
        5,
        "seconds between the messages that move the slot forward while nothing is written",
    ),
    "CDC_KAFKA": env.options(
        "CDC_KAFKA",
        "librdkafka's options for `cdc run --source kafka`, apart by spaces:"
        " `bootstrap.servers=host:9092 security.protocol=SSL`",
    ),
}

# --- the wiring ----------------------------------------------------------------------------------

# The order of the behaviors is the kernel's own: cqrs/conf.py.
CQRS = {
    "HANDLERS": [
        "customers.commands.HANDLERS",
        "orders.commands.HANDLERS",
        "readmodels.queries.HANDLERS",
    ],
    "EVENTS": ["customers.events.EVENTS", "orders.events.EVENTS"],
    "UPCASTERS": ["customers.events.UPCASTERS"],
    "PROJECTIONS": [
        "readmodels.projections.PROJECTIONS",
        "readmodels.projections.EARLIER_VERSIONS",
    ],
    "REACTIONS": ["customers.reactions.REACTIONS", "orders.reactions.REACTIONS"],
    "AUDITS": ["customers.audit.CUSTOMERS", "orders.audit.ORDERS", "orders.audit.STOCK"],
    "ADOPTION": ["customers.adoption.ADAPTERS", "orders.adoption.ADAPTERS"],
    "QUEUES": [CELERY_TASK_DEFAULT_QUEUE, REACTIONS_QUEUE],
    "METRICS_TOKEN": METRICS_TOKEN,
    "METRICS_PORT": METRICS_PORT,
    "EVENT_SCHEMAS_DIR": BASE_DIR / "docs" / "events",
    **_limits,
    **_projecting,
    **_change_data_capture,
}
