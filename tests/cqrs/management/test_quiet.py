"""Commands with progress of their own log only what went wrong."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from cqrs.management.quiet import only_warnings


class TestOnlyWarnings:
    @pytest.fixture(autouse=True)
    def _debugging(self) -> Iterator[None]:
        logger = logging.getLogger("cqrs.bus")
        logger.setLevel(logging.DEBUG)
        yield
        logger.setLevel(logging.NOTSET)

    def test_silences_what_is_below_whatever_the_levels_are(
        self, capfd: pytest.CaptureFixture[str]
    ):
        log = structlog.get_logger("cqrs.bus")
        with only_warnings():
            log.info("unsaid")
            logging.getLogger("cqrs.bus").info("unsaid")
            log.warning("wrong")
        log.debug("said")
        said = capfd.readouterr().err
        assert "unsaid" not in said
        assert '"wrong"' in said
        assert '"said"' in said

    def test_leaves_what_was_silenced_more(self):
        logging.disable(logging.CRITICAL)
        try:
            with only_warnings():
                assert logging.root.manager.disable == logging.CRITICAL
            assert logging.root.manager.disable == logging.CRITICAL
        finally:
            logging.disable(logging.NOTSET)
