"""`manage.py web` as a desk's process, in place of `serve`."""

from tests.support.desk import Desk, wait_for

START_S = 60.0


def begin(web: Desk, **environment: str) -> None:
    """Start it without waiting until it is ready."""
    with (web.folder / "serve.log").open("ab") as log:
        web.process = web.manage("web", stdout=log, stderr=log, **environment)


def wait_until_ready(*webs: Desk) -> None:
    for web in webs:
        wait_for(web._is_ready, START_S)
