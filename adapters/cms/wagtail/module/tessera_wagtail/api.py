"""What the app adds to `meta` in API v2: `tessera`; `translation_key` and `last_published_at` to filter, to order."""

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from modelcluster.fields import ParentalKey
from rest_framework.fields import Field, SkipField
from wagtail.api import APIField
from wagtail.api.v2.utils import get_restricted_collection_ids
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.images.shortcuts import get_rendition_or_not_found
from wagtail.models import DraftStateMixin, Page, ReferenceIndex, RevisionMixin, TranslatableMixin
from wagtail.snippets.models import get_snippet_models

from . import config
from .identity import identity_of, label, locale_of


def add_fields():
    """Adds them to every page type, and to other models that the API can show by themselves."""
    for model in (Page, *apps.get_models()):
        if not issubclass(model, Page) and (not hasattr(model, "api_fields") or is_part(model)):
            continue
        ours = [APIField("tessera", serializer=TesseraField())]
        columns = {field.name for field in model._meta.get_fields()}
        ours += [APIField(name) for name in ("translation_key", "last_published_at") if name in columns]
        theirs = list(getattr(model, "api_meta_fields", ()))
        known = {field if isinstance(field, str) else field.name for field in theirs}
        model.api_meta_fields = theirs + [field for field in ours if field.name not in known]


def is_part(model):
    """Whether its rows are parts of another object, in whose answer they are shown."""
    return any(isinstance(field, ParentalKey) for field in model._meta.get_fields())


class TesseraField(Field):
    """Identity, state, and what the object refers to; for requests that ask for fields, as Tessera's do."""

    def __init__(self, **kwargs):
        super().__init__(source="*", read_only=True, **kwargs)

    def get_attribute(self, instance):
        if "fields" not in self.context["request"].GET:
            raise SkipField  # the other readers of the API need not wait for it
        return instance

    def to_representation(self, instance):
        obj = instance.specific if isinstance(instance, Page) else instance
        made = {"id": identity_of(obj), "references": references(obj, self.context)}
        if isinstance(obj, TranslatableMixin):
            made["locale"] = locale_of(obj)
        if isinstance(obj, DraftStateMixin):
            made["live"] = obj.live
            made["expires_at"] = obj.expire_at.isoformat() if obj.expire_at else None
        if isinstance(obj, DraftStateMixin) and isinstance(obj, RevisionMixin):
            made["revision"] = obj.live_revision_id
        if isinstance(obj, Page) and (variant := variant_of(obj)):
            made["variant"] = variant
        return made


def variant_of(page):
    """The segment of a variant of wagtail-personalisation, and the page that it is a variant of."""
    if not apps.is_installed("wagtail_personalisation"):
        return None
    from wagtail_personalisation.models import PersonalisablePageMetadata

    kept = PersonalisablePageMetadata.objects.filter(variant_id=page.pk, segment__isnull=False)
    metadata = kept.exclude(canonical_page_id=page.pk).select_related("segment", "canonical_page").first()
    if metadata is None:
        return None
    original = metadata.canonical_page and identity_of(metadata.canonical_page)
    return {"segment": metadata.segment.encoded_name(), "of": original}


def references(obj, context):
    """Public pages, images, documents and snippets that an object refers to anywhere, by "kind:number"."""
    wanted = {}
    # Read from the object: the index itself knows live rows only, and can lag behind them. This walk of an object is
    # the one by which Wagtail fills the index; there is no public name for it.
    for content_type, number, *_ in ReferenceIndex._extract_references_from_object(obj):
        wanted.setdefault(content_type, set()).add(number)
    made = {}
    for content_type, numbers in wanted.items():
        model = ContentType.objects.get_for_id(content_type).model_class()
        if model is not None:
            made.update(shown(model, numbers, context))
    return made


def shown(model, numbers, context):
    """What is said of objects of one model; nothing of those that are not for everybody."""
    request = context["request"]
    if issubclass(model, Page):
        public = context.get("base_queryset")
        pages = (Page.objects.live().public() if public is None else public).filter(pk__in=numbers)
        for page in pages.specific(defer=config.identity() in ("page", "translation_key")):
            yield f"page:{page.pk}", {"id": identity_of(page), "type": label(page), "url": page.get_full_url(request)}
    elif issubclass(model, (get_image_model(), get_document_model())):
        hidden = get_restricted_collection_ids(request)
        for asset in model.objects.filter(pk__in=numbers).exclude(collection__in=hidden):
            kind = "image" if issubclass(model, get_image_model()) else "document"
            said = image(asset) if kind == "image" else {"url": asset.url}
            yield f"{kind}:{asset.pk}", {"id": f"{label(asset)}:{asset.pk}", "title": asset.title, **said}
    elif issubclass(model, tuple(get_snippet_models())):
        for snippet in model.objects.filter(pk__in=numbers):
            yield f"{label(snippet)}:{snippet.pk}", {"id": identity_of(snippet)}


def image(asset):
    """An image's address and size, in the rendition that the settings name."""
    shown = get_rendition_or_not_found(asset, config.image_filter()) if config.image_filter() else asset
    return {"url": shown.file.url, "width": shown.width, "height": shown.height}
