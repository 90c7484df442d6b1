from django.apps import AppConfig


class ProjectionsConfig(AppConfig):
    """The checkpoints and parked events of projections: an app, because they are on `replica`."""

    name = "cqrs.projections"
    label = "cqrs_projections"
    verbose_name = "Projections"
    default_auto_field = "django.db.models.BigAutoField"
