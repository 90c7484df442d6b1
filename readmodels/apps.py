from django.apps import AppConfig


class ReadModelsConfig(AppConfig):
    name = "readmodels"
    verbose_name = "Read models"

    def ready(self) -> None:
        from readmodels import checks, receivers, wakeups  # noqa: F401  registers the checks

        receivers.connect()
        wakeups.connect()
