"""What docker-compose.yml says brings up a desk, and takes an order through its whole life.

Docker does not run here. Its part is taken by `Stack`: the same commands in the same environment.
"""

import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.deploy.container import Container
from tests.deploy.stack import Stack, composed_stack
from tests.support.desk import registered, wait_for
from tests.support.scenarios import ADDRESS

SERVERS = ("postgres-write", "postgres-read", "redis")
LONG_RUNNING = ("web", "worker", "reactions", "beat")
CREATE_USER = ("python", "manage.py", "createsuperuser", "--no-input")
ADA = {"USERNAME": "ada", "EMAIL": "ada@example.com", "PASSWORD": "a long password"}
PRODUCT = "0b8a2e0e-8f0c-4d3a-9d0c-2f4d3f1c7a12"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Return the stack with its servers running."""
    with composed_stack() as stack:
        for name in SERVERS:
            stack[name].start()
        for name in SERVERS:
            stack[name].wait_until_healthy()
        yield stack


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    """Log in as a user made by the command that docs/deployment.md gives."""
    given = {f"DJANGO_SUPERUSER_{name}": value for name, value in ADA.items()}
    made = stack["web"].run(*CREATE_USER, **given)
    assert made.returncode == 0, made.stderr
    with httpx.Client(base_url=stack.url, timeout=30) as client:
        credentials = {"username": ADA["USERNAME"], "password": ADA["PASSWORD"]}
        login = client.post("/api/auth/token", json=credentials)
        assert login.status_code == 200, login.text
        client.headers["Authorization"] = f"Bearer {login.json()['access']}"
        yield client


def startup(stack: Stack) -> tuple[int, dict[str, str]] | None:
    try:
        answer = httpx.get(f"{stack.url}/health/startup", timeout=10)
    except httpx.TransportError:
        return None
    return answer.status_code, answer.json()


def done(api: httpx.Client, method: str, path: str, **request: Any) -> dict[str, str]:
    """Send a command that must succeed; return the header that a read of it needs."""
    answer = api.request(method, path, **request)
    assert answer.status_code in (200, 201), answer.text
    return {"X-Consistency-Token": answer.headers["X-Consistency-Token"]}


def ordered(api: httpx.Client) -> tuple[str, dict[str, str]]:
    customer = registered(api, f"{uuid7()}@example.com")
    item = {"product_id": PRODUCT, "product_name": "Desk", "quantity": 2, "unit_price": "149.90"}
    body = {"customer_id": customer, "items": [item], "shipping_address": ADDRESS}
    answer = api.post("/api/orders", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], {"X-Consistency-Token": answer.headers["X-Consistency-Token"]}


class TestSetup:
    def test_is_waited_for_by_a_web_process_that_was_started_too_early(self, stack: Stack) -> None:
        stack["web"].start()
        status, answer = wait_for(lambda: startup(stack))
        assert (status, answer["status"]) == (503, "starting")
        assert answer["reason"] == "default: does not answer; replica: does not answer"

        assert stack["setup"].run("python", "manage.py", "roles").returncode == 0
        _, answer = wait_for(lambda: startup(stack))
        write, read = answer["reason"].split("; ")
        assert "migrations to apply, the first is" in write
        assert "migrations to apply, the first is" in read

    def test_makes_roles_and_tables_of_both_databases(self, stack: Stack) -> None:
        stack["setup"].start()
        assert stack["setup"].finish() == 0, stack["setup"].log.read_text()
        assert wait_for(lambda: startup(stack)) == (200, {"status": "ok"})


class TestServices:
    def test_become_healthy(self, stack: Stack) -> None:
        for name in LONG_RUNNING[1:]:
            stack[name].start()
        for name in (*SERVERS, *LONG_RUNNING):
            stack[name].wait_until_healthy()

    def test_have_nothing_in_their_environment_but_the_paths_of_secrets(self, stack: Stack) -> None:
        secrets = [stack.secret(file.name) for file in (stack.folder / "secrets").iterdir()]
        for container in stack.containers.values():
            words = [*container.environment.values(), *container.command]
            assert not [word for word in words for secret in secrets if secret in word]


class TestOrder:
    def test_lives_its_whole_life(self, stack: Stack, api: httpx.Client) -> None:
        done(api, "PUT", f"/api/products/{PRODUCT}/stock", json={"on_hand": 10, "name": "Desk"})
        order, token = ordered(api)
        assert api.get(f"/api/orders/{order}", headers=token).json()["status"] == "pending"
        for action, body in (("confirm", {}), ("ship", {"carrier": "DHL"}), ("deliver", {})):
            token = done(api, "POST", f"/api/orders/{order}/{action}", json=body)
        assert api.get(f"/api/orders/{order}", headers=token).json()["status"] == "delivered"
        history = api.get(f"/api/orders/{order}/history", headers=token).json()["results"]
        happened = ["OrderCreated", "OrderConfirmed", "OrderShipped", "OrderDelivered"]
        assert [event["type"] for event in history] == happened
        stock = wait_for(lambda: self.deducted(api))
        assert (stock["on_hand"], stock["reserved"]) == (8, 0)

    def deducted(self, api: httpx.Client) -> dict[str, Any] | None:
        stock: dict[str, Any] = api.get(f"/api/products/{PRODUCT}/stock").json()
        return stock if stock["on_hand"] == 8 else None

    def test_writes_its_customer_a_mail(self, stack: Stack, api: httpx.Client) -> None:
        registered(api, email := f"{uuid7()}@example.com")
        mails = stack.folder / "reactions" / "mail"
        wait_for(lambda: any(email in mail.read_text() for mail in mails.iterdir()))


class TestKilledWorker:
    def test_is_started_again_and_projects(self, stack: Stack, api: httpx.Client) -> None:
        for name in ("worker", "reactions", "beat"):
            assert stack[name].kill()
        order, token = ordered(api)
        wait_for(lambda: self.is_visible(api, order, token))
        assert stack["worker"].exit_codes == [-signal.SIGKILL]

    def is_visible(self, api: httpx.Client, order: str, token: dict[str, str]) -> bool:
        return bool(api.get(f"/api/orders/{order}", headers=token).status_code == 200)


class TestProbes:
    def test_answer(self, stack: Stack) -> None:
        assert httpx.get(f"{stack.url}/health/live").json() == {"status": "ok"}
        ready = httpx.get(f"{stack.url}/health/ready")
        assert ready.status_code == 200
        checks = {"write_database": "up", "read_database": "up", "redis": "up"}
        assert ready.json()["checks"].items() >= checks.items()

    def test_show_metrics_to_the_holder_of_the_token(self, stack: Stack) -> None:
        url = f"{stack.url}/metrics"
        assert httpx.get(url).status_code == 401
        token = {"Authorization": f"Bearer {stack.secret('metrics_token')}"}
        answer = httpx.get(url, headers=token)
        assert answer.status_code == 200
        assert "cqrs_projection_lag_seconds" in answer.text


class TestStop:
    def test_ends_everything_in_time(self, stack: Stack) -> None:
        for name in ("worker", "reactions"):  # one that is starting again dies of the signal
            stack[name].wait_until_healthy()
        self.stop(*(stack[name] for name in LONG_RUNNING))
        self.stop(stack["redis"])
        for name in SERVERS[:2]:  # the image's STOPSIGNAL
            stack[name].ask_to_stop(signal.SIGINT)
            assert stack[name].stopped() == 0

    def stop(self, *containers: Container) -> None:
        for container in containers:
            container.ask_to_stop()
        codes = {container.service.name: container.stopped() for container in containers}
        assert codes == dict.fromkeys(codes, 0)
