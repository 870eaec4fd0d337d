"""What happens when Django starts."""

from django.apps import AppConfig
from django.core import checks


class TesseraWagtailConfig(AppConfig):
    name = "tessera_wagtail"
    verbose_name = "Tessera"

    def ready(self):
        from . import api, config, signals

        checks.register(config.check)
        api.add_fields()
        signals.connect()
