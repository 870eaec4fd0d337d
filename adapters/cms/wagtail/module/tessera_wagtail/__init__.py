"""Tessera's app for Wagtail: announces what editors publish, and shows Tessera what API v2 leaves out.

Put `"tessera_wagtail"` last in `INSTALLED_APPS`. Settings:

* `TESSERA_WEBHOOK_URL`: `https://<tessera>/webhooks/cms/<source>`; empty: nothing is announced.
* `TESSERA_WEBHOOK_SECRET`: shared with Tessera, at least 16 characters.
* `TESSERA_IDENTITY`: what identifies a page in all languages: "translation_key" (the default), "page" for the page's
  number, or the name of a field. It must be the `identity` that Tessera has for this source.
* `TESSERA_PREVIEW_TOKEN`: with it Tessera may read drafts from the endpoint `tessera_wagtail.drafts.DraftsAPIViewSet`.
* `TESSERA_IMAGE_FILTER`: such as "max-1600x1600"; images in rich text are shown in this rendition. Default: as they
  were uploaded.

It has no models and no migrations, and imports nothing of Tessera.
"""
