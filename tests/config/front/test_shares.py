"""Which requests get a thread."""

from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import pytest

from config.serve.front import shares
from config.serve.front.shares import Shares, share_of


class Asking:
    """A request that notes what becomes of it."""

    def __init__(self, share: str = "writes") -> None:
        self.share, self.state = share, "new"

    def start(self) -> None:
        self.state = "started"

    def wait(self) -> None:
        self.state = "waiting"


def asking(places: Shares, *kinds: str) -> list[Asking]:
    found = [Asking(kind) for kind in kinds]
    for one in found:
        assert places.admit(one)
    return found


def states(applicants: list[Asking]) -> list[str]:
    return [one.state for one in applicants]


class TestShareOf:
    @pytest.mark.parametrize(
        ("method", "path", "share"),
        [
            ("POST", "/api/orders", "writes"),
            ("PATCH", "/api/customers/1", "writes"),
            ("PUT", "/api/products/1/stock", "writes"),
            ("GET", "/api/orders", "reads"),
            ("HEAD", "/api/orders", "reads"),
            ("GET", "/api/orders.csv", "exports"),
            ("POST", "/api/auth/token", "logins"),
            ("POST", "/api/auth/refresh", "logins"),
            ("POST", "/admin/login/", "logins"),
            ("GET", "/admin/login/", "reads"),
            ("POST", "/admin/readmodels/order/", "reads"),
            ("GET", "/static/admin.css", "reads"),
            ("GET", "/health/ready", "probes"),
            ("HEAD", "/health/startup", "probes"),
            ("OPTIONS", "/health/ready", "reads"),
            ("GET", "/health/other", "reads"),
            ("GET", "/metrics", "scrapes"),
            ("POST", "/metrics", "writes"),
        ],
    )
    def test_is_by_method_and_path(self, method: str, path: str, share: str) -> None:
        assert share_of(method, path) == share


class TestShares:
    @pytest.fixture
    def places(self) -> Shares:
        return Shares(3, {"writes": 2, "reads": 2})

    def test_lets_a_request_wait_when_its_share_is_full(self, places: Shares) -> None:
        found = asking(places, "writes", "writes", "writes", "reads")
        assert states(found) == ["started", "started", "waiting", "started"]

    def test_lets_a_request_wait_when_all_threads_are_in_use(self, places: Shares) -> None:
        found = asking(places, "writes", "writes", "reads", "reads")
        assert states(found) == ["started", "started", "started", "waiting"]

    def test_starts_the_oldest_whose_share_has_room(self, places: Shares) -> None:
        first, *_, write, read = asking(places, "reads", "writes", "writes", "writes", "reads")
        places.finish(first.share, holds_place=True)
        assert states([write, read]) == ["waiting", "started"]

    def test_of_one_share_start_in_order(self, places: Shares) -> None:
        *_, third, fourth = asking(places, "writes", "writes", "writes", "writes")
        places.finish("writes", holds_place=True)
        assert states([third, fourth]) == ["started", "waiting"]

    def test_of_probes_and_scrapes_need_no_thread_of_the_others(self, places: Shares) -> None:
        asking(places, "writes", "writes", "reads")
        found = asking(places, "probes", "scrapes", "scrapes", "scrapes")
        assert states(found) == ["started", "started", "started", "waiting"]
        places.finish("scrapes", holds_place=True)
        assert found[3].state == "started"
        assert places.free_threads == 0

    def test_left_early_make_room_for_another(self, places: Shares) -> None:
        *_, third = asking(places, "writes", "writes", "writes")
        places.leave("writes")
        assert third.state == "started"
        assert places.free_threads == 0
        places.finish("writes", holds_place=False)
        assert (places.free_threads, places.used["writes"]) == (1, 2)

    def test_forget_who_withdraws(self, places: Shares) -> None:
        *_, third, fourth = asking(places, "writes", "writes", "writes", "writes")
        places.withdraw(third)
        places.finish("writes", holds_place=True)
        assert states([third, fourth]) == ["waiting", "started"]

    def test_can_be_freed_by_many_threads_at_once(self) -> None:
        """A thread that is done starts the next request itself."""
        places = Shares(4, {"reads": 4})
        done = Semaphore(0)

        class Working(Asking):
            def start(self) -> None:
                threads.submit(self.work)

            def work(self) -> None:
                places.finish(self.share, holds_place=True)
                done.release()

        with ThreadPoolExecutor(4) as threads:
            assert all(places.admit(Working("reads")) for _ in range(900))
            assert all(done.acquire(timeout=30) for _ in range(900))
        assert (places.free_threads, places.used["reads"], len(places.queue)) == (4, 0, 0)

    def test_refuse_when_too_many_wait(
        self, places: Shares, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shares, "MAX_QUEUED", 1)
        asking(places, "writes", "writes", "writes")
        assert not places.admit(Asking())
