"""The read models in the admin, which imports this package to find them."""

from readmodels.admin import read_models, reports

__all__ = ["read_models", "reports"]
