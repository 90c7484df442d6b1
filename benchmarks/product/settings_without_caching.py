"""The product's settings without the caching behavior: what an answer costs when it is made."""

from config.settings import *  # noqa: F403
from config.settings import CQRS
from cqrs.conf import DEFAULTS

CQRS["QUERY_BEHAVIORS"] = [path for path in DEFAULTS.QUERY_BEHAVIORS if "caching" not in path]
