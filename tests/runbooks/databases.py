"""A desk on two servers that are lost or restored, and what its clients can read."""

import httpx
import orjson

from cqrs.messaging.ids import uuid7
from tests.runbooks.pages import managed
from tests.support.desk import Desk, registered, wait_for
from tests.support.servers import PrivatePostgres


class Databases:
    """A desk whose two databases are in two servers."""

    def __init__(self, desk: Desk, write: PrivatePostgres, read: PrivatePostgres) -> None:
        self.desk, self.write, self.read = desk, write, read

    def run(self, command: str) -> tuple[int, str]:
        code, said, complaint = self.desk.run(*command.split(), **self.desk.running_with)
        return code, said + complaint

    def follow(self, block: str) -> str:
        """Run the management commands of a page, and return what was said."""
        return "".join(self.succeed(command) for command in managed(block))

    def succeed(self, command: str) -> str:
        code, said = self.run(command)
        assert code == 0, said
        return said

    def states(self) -> set[str]:
        _, said = self.run("projections status --json")
        document = orjson.loads(said[: said.rindex("}") + 1])
        return {each["state"] for each in document["projections"]}

    def assert_healed(self) -> None:
        self.succeed("projections status")
        assert "Everything agrees" in self.succeed("projections verify")


def fresh(api: httpx.Client) -> str:
    return registered(api, f"{uuid7()}@example.com")


def is_readable(api: httpx.Client, customer: str) -> bool:
    return api.get(f"/api/customers/{customer}").status_code == 200


def readable(api: httpx.Client) -> str:
    """Register a customer, and return the id when it can be read."""
    customer = fresh(api)
    wait_for(lambda: is_readable(api, customer))
    return customer
