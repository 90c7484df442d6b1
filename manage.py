#!/usr/bin/env python
import os
import signal
import sys

from config.database.embedded.errors import EmbeddedPostgresError
from config.serve.parent_death import end_with_parent
from config.serve.startup import start_exclusively


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] in (["serve"], ["web"]) and not {"-h", "--help"} & {*sys.argv[2:]}:
        start_exclusively()  # before the settings start a database
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # commands would leave their files there
    if "END_WITH_PARENT" in os.environ:  # else it would go on after a killed make
        end_with_parent(os.getppid(), signal.SIGTERM)
    from django.core.management import execute_from_command_line

    from config.monitoring.log_ids import begin_command

    begin_command(sys.argv[1] if len(sys.argv) > 1 else "help")
    try:
        execute_from_command_line(sys.argv)
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
