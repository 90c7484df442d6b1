"""Note for which consumers a method of the runner is called, and let it do its work."""

from typing import Any


def consumers_of(monkeypatch: Any, runner: Any, method: str) -> list[str]:
    """Return a list to which each call adds the name of its first argument, the consumer."""
    seen: list[str] = []
    go_on = getattr(runner, method)

    def noted(consumer: Any, *rest: Any) -> Any:
        seen.append(consumer.name)
        return go_on(consumer, *rest)

    monkeypatch.setattr(runner, method, noted)
    return seen
