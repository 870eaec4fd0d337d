"""The app's settings."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

LEAST_SECRET = 16


def webhook_url():
    return getattr(settings, "TESSERA_WEBHOOK_URL", "") or ""


def webhook_secret():
    return getattr(settings, "TESSERA_WEBHOOK_SECRET", "") or ""


def identity():
    return getattr(settings, "TESSERA_IDENTITY", "translation_key")


def preview_token():
    return getattr(settings, "TESSERA_PREVIEW_TOKEN", "") or ""


def image_filter():
    return getattr(settings, "TESSERA_IMAGE_FILTER", "") or ""


def check(app_configs, **kwargs):
    """What `manage.py check` says of the settings; never their values."""
    found = []
    parts = urlsplit(webhook_url())
    if webhook_url() and (parts.scheme not in ("http", "https") or not parts.hostname):
        found.append(checks.Error("TESSERA_WEBHOOK_URL is no http or https address", id="tessera.E001"))
    if webhook_url() and len(webhook_secret()) < LEAST_SECRET:
        found.append(
            checks.Error(f"TESSERA_WEBHOOK_SECRET: want at least {LEAST_SECRET} characters", id="tessera.E002")
        )
    if preview_token() and len(preview_token()) < LEAST_SECRET:
        found.append(checks.Error(f"TESSERA_PREVIEW_TOKEN: want at least {LEAST_SECRET} characters", id="tessera.E003"))
    if not webhook_url():
        found.append(checks.Warning("TESSERA_WEBHOOK_URL is not set: nothing is announced", id="tessera.W001"))
    return found
