"""What several tests of orders begin with."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test writes its order CSV."""
    return tmp_path / "orders.csv"
