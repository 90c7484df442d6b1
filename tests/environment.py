"""Real servers for the tests, there before the settings are read.

Loaded with `-p tests.environment`, because pytest-django reads the settings before any conftest.
Servers that the environment names are used; the others are private and end with the tests.
"""

import atexit
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.servers import private_postgres, private_redis

_stack = ExitStack()
atexit.register(_stack.close)

_folder = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="order-desk-tests-")))
_folder.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
os.environ["LOCAL_DIR"] = str(_folder / "local")
os.environ.setdefault("LOG_LEVEL", "WARNING")

if "DATABASE_URL" not in os.environ:
    (_folder / "postgres").mkdir()
    _postgres = _stack.enter_context(private_postgres(_folder / "postgres"))
    os.environ["DATABASE_URL"] = _postgres.urls["default"]
    os.environ["REPLICA_DATABASE_URL"] = _postgres.urls["replica"]
elif "REPLICA_WRITER_DATABASE_URL" in os.environ:
    # Test databases are made, filled and flushed by whoever may write, through one alias.
    os.environ["REPLICA_DATABASE_URL"] = os.environ.pop("REPLICA_WRITER_DATABASE_URL")
if "REDIS_URL" not in os.environ:
    os.environ["REDIS_URL"] = _stack.enter_context(private_redis()).url
