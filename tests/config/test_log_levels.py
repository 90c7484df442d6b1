"""The levels of the log come from LOG_LEVEL and LOG_LEVELS."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.utils.log import configure_logging

from config.monitoring import log_levels, logs


def levels(given: str = "", overall: str = "") -> dict[str, str]:
    return dict(log_levels.by_area("LOG_LEVELS", given, overall))


class TestLevels:
    def test_are_info_for_ours(self):
        assert levels() == {
            "config": "INFO", "cqrs": "INFO", "customers": "INFO", "orders": "INFO",
            "readmodels": "INFO", "django.request": "ERROR",
        }  # fmt: skip

    def test_follow_the_level_for_all(self):
        assert {*levels(overall="CRITICAL").values()} == {"CRITICAL"}
        assert levels(overall="DEBUG")["django.request"] == "ERROR"

    def test_of_an_area_have_precedence(self):
        found = levels("customers=debug, django.request=WARNING,cqrs.bus = ERROR,", "CRITICAL")
        assert (found["customers"], found["django.request"]) == ("DEBUG", "WARNING")
        assert (found["cqrs.bus"], found["cqrs"]) == ("ERROR", "CRITICAL")

    def test_are_known_in_every_case(self):
        assert log_levels.overall("LOG_LEVEL", "warning") == "WARNING"
        assert log_levels.overall("LOG_LEVEL", "") == ""

    @pytest.mark.parametrize(
        "given", ["customers", "customers=", "=INFO", "customers=LOUD", "a b=INFO", "a..b=INFO"]
    )
    def test_name_the_variable_of_a_wrong_pair(self, given: str):
        with pytest.raises(ImproperlyConfigured, match=r"^LOG_LEVELS: '.*' is no pair such as"):
            levels(given)

    def test_name_the_variable_of_a_wrong_level(self):
        with pytest.raises(ImproperlyConfigured, match=r"^LOG_LEVEL='LOUD': set it to one of"):
            log_levels.overall("LOG_LEVEL", "LOUD")


class TestLines:
    @pytest.fixture(autouse=True)
    def _standard(self) -> Iterator[None]:
        """Configure as without variables, and as in the tests afterwards."""
        configured = logging.root.level, {a: logging.getLogger(a).level for a in levels()}
        configure_logging("logging.config.dictConfig", logs.standard("WARNING", levels()))
        yield
        logging.root.setLevel(configured[0])
        for area, level in configured[1].items():
            logging.getLogger(area).setLevel(level)

    @pytest.mark.parametrize("area", ["customers.campaign", "readmodels.tasks", "config.celery"])
    def test_of_all_our_areas_are_logged(self, area: str, capfd: pytest.CaptureFixture[str]):
        structlog.get_logger(area).info("said")
        structlog.get_logger("elsewhere").info("unsaid")
        assert '"said"' in (said := capfd.readouterr().err)
        assert "unsaid" not in said

    def test_of_refused_requests_are_not_repeated_by_django(self):
        assert not logging.getLogger("django.request").isEnabledFor(logging.WARNING)
        assert logging.getLogger("django.request").isEnabledFor(logging.ERROR)
        assert logging.getLogger("django.security").isEnabledFor(logging.WARNING)
