"""What the front reports of its shares: seats, seats in use, queue, and what it refuses."""

from config.serve.front.shares import Shares
from cqrs import metrics

EVERY_S = 2.0
WAITING = "waiting"  # counted elsewhere: reads that have left their share to wait for a token
CODES = ("busy", "too_large", "request_timeout")

SEATS = metrics.gauge("desk_web_seats", "Requests of a share that may run at once", "share")
IN_USE = metrics.gauge("desk_web_seats_in_use", "Requests of a share that run", "share")
QUEUED = metrics.gauge("desk_web_queued_requests", "Requests that wait for a seat", "share")
REFUSED = metrics.counter(
    "desk_web_refused_requests_total", "Requests that got no thread", "share", "code"
)


def observe(shares: Shares) -> None:
    """Report the shares of this process as they are now."""
    in_use, queued = shares.occupancy()
    for share, seats in shares.limits.items():
        if share == WAITING:
            continue
        SEATS[share,].set(seats)
        IN_USE[share,].set(in_use[share])
        QUEUED[share,].set(queued[share])
        for code in CODES:
            REFUSED[share, code]  # exists from the start
