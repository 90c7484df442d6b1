#!/usr/bin/env python
import os
import sys

from config.database.embedded.errors import EmbeddedPostgresError
from config.serve.startup import start_exclusively


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] in (["serve"], ["web"]):
        start_exclusively()  # before the settings start a database
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
