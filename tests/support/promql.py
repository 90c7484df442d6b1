"""Which metrics and labels an expression of Prometheus names."""

from typing import Any

import promql_parser

# A second of the scrapes that Grafana's variable stands for; any would do.
VARIABLES = {"$__rate_interval": "1m"}


def selected(expression: str) -> dict[str, set[str]]:
    """Return the metrics that an expression selects, with the labels that it asks them for.

    Raises `ValueError` for one that Prometheus would not read.
    """
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    found: dict[str, set[str]] = {}

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            names = {matcher.name for matcher in node.matchers.matchers}
            found.setdefault(node.name, set()).update(names)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found
