"""Clients that repeat a request without a pause, in a process of their own.

    python -m tests.faults.hammer CLIENTS < {"url": ..., "path": ..., "headers": ..., "body": ...}

Prints a line when the clients begin. Ends with its standard input, and prints how often each
status was answered and the longest wait.
`NEW` in the body is another text each time.
"""

import json
import sys
import threading
import time
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx

NEW = "NEW"
STARTED = "started\n"


def hammer(spec: dict[str, Any], found: Counter[str], waits: list[float]) -> None:
    """Send the request again and again, until the process ends."""
    text = json.dumps(spec["body"])
    with httpx.Client(base_url=spec["url"], headers=spec["headers"], timeout=60) as client:
        while True:
            started = time.monotonic()
            answer = client.post(spec["path"], content=text.replace(NEW, uuid4().hex))
            waits.append(time.monotonic() - started)
            found[str(answer.status_code)] += 1


def main(clients: int) -> None:
    spec = json.loads(sys.stdin.readline())
    found: Counter[str] = Counter()
    waits: list[float] = [0.0]
    for _ in range(clients):
        threading.Thread(target=hammer, args=(spec, found, waits), daemon=True).start()
    sys.stdout.write(STARTED)
    sys.stdout.flush()
    sys.stdin.read()
    sys.stdout.write(json.dumps({"statuses": found, "longest_s": max(waits)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
