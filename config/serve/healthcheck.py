"""Ask the web process of this machine whether it can serve: the health check of its container.

    python -m config.serve.healthcheck

exits with 0 when `/health/ready` answers 200, else with 1. It runs every few seconds, so it
reads no settings.
"""

import sys
from http.client import HTTPConnection, HTTPException

from config.early_settings import PORT

LIMIT_S = 5  # an answer takes about a second when a database hangs


def main() -> int:
    port = int(PORT.text() or PORT.default)
    connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        sys.stdout.write(answer.read().decode())
    except (OSError, HTTPException) as error:
        sys.stdout.write(f"no answer at port {port}: {error}\n")
        return 1
    finally:
        connection.close()
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
