"""Which of Wagtail's and Django's signals mean that something published is another now.

Everything is told after the transaction is committed: a look before that would find the old state.
"""

import functools
import logging

from django.apps import apps
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete
from taggit.models import ItemBase, TagBase
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page, PageViewRestriction, ReferenceIndex
from wagtail.signals import page_published, page_slug_changed, page_unpublished, post_page_move, published, unpublished
from wagtail.snippets.models import get_snippet_models

from . import config
from .identity import notice_of
from .outbox import MOST, outbox

log = logging.getLogger("tessera_wagtail")

# What saving a draft writes to the page's own row.
OF_DRAFTS = frozenset(("latest_revision", "latest_revision_created_at", "draft_title", "has_unpublished_changes"))
EMBED_DEPTH = 3


def connect():
    """Connects all handlers."""
    for signal in (page_published, page_unpublished, published, unpublished):
        signal.connect(on_state, dispatch_uid="tessera-state", weak=False)
    page_slug_changed.connect(on_slug_changed, dispatch_uid="tessera-slug", weak=False)
    post_page_move.connect(on_moved, dispatch_uid="tessera-move", weak=False)
    post_save.connect(on_saved, dispatch_uid="tessera-saved", weak=False)
    pre_delete.connect(on_deleting, dispatch_uid="tessera-deleting", weak=False)
    post_delete.connect(on_deleted, dispatch_uid="tessera-deleted", weak=False)


def announce(objects, using=None):
    """Tells of objects once the transaction is committed."""
    if not config.webhook_url():
        return
    notices = [notice_of(obj) for obj in objects]
    if notices:
        transaction.on_commit(lambda: outbox().add(notices), using=using, robust=True)


def harmless(handler):
    """An editor's save must not fail for us: what goes wrong is logged, and told as "something changed"."""

    @functools.wraps(handler)
    def guarded(*args, using=None, **kwargs):
        try:
            handler(*args, using=using, **kwargs)
        except Exception:
            log.exception("what changed could not be found out in %s", handler.__name__)
            if config.webhook_url():
                transaction.on_commit(lambda: outbox().add([{}]), using=using, robust=True)

    return guarded


@harmless
def on_state(sender, instance, **kwargs):
    """Published or unpublished; of pages, snippets and aliases.

    Also said of what is only scheduled: a page that never had a revision goes offline by that.
    """
    announce([instance, *embedding(instance)])


@harmless
def on_slug_changed(sender, instance, **kwargs):
    """The addresses of all pages below it are others, and no row of theirs was saved."""
    announce([instance, *below(instance)])


@harmless
def on_moved(sender, instance, url_path_before, url_path_after, **kwargs):
    if url_path_before != url_path_after:
        announce(page for page in [instance, *below(instance)] if page.live)


@harmless
def on_saved(sender, instance, created=False, raw=False, update_fields=None, using=None, **kwargs):
    """Also what programs save without publishing."""
    if raw or (update_fields is not None and set(update_fields) <= OF_DRAFTS):
        return
    if isinstance(instance, PageViewRestriction):
        announce([instance.page, *below(instance.page)], using)
    elif is_content(instance):
        if getattr(instance, "live", True):
            announce([instance, *embedding(instance)], using)
    elif isinstance(instance, ItemBase):
        announce(filter(is_live, [tagged(instance)]), using)
    elif not created:
        announce(touched(instance), using)


@harmless
def on_deleting(sender, instance, using=None, **kwargs):
    """Before the rows that say what belongs to it are gone, too."""
    if is_content(instance):
        if getattr(instance, "live", True):
            announce([instance, *embedding(instance)], using)
    else:
        announce(touched(instance), using)


@harmless
def on_deleted(sender, instance, using=None, **kwargs):
    if isinstance(instance, PageViewRestriction):
        # The page itself may be going, and its restriction with it.
        announce(Page.objects.filter(pk=instance.page_id, live=True), using)
        announce((page for root in Page.objects.filter(pk=instance.page_id) for page in below(root)), using)
    elif isinstance(instance, ItemBase):
        announce(filter(is_live, [tagged(instance)]), using)


def touched(instance):
    """What shows something of this object: of a tag its name, of an image its file, of a segment its variants."""
    if isinstance(instance, TagBase):
        return [obj for obj in tagged_with(instance) if is_live(obj)]
    if isinstance(instance, (get_image_model(), get_document_model())):
        return embedding(instance)
    if apps.is_installed("wagtail_personalisation"):
        from wagtail_personalisation.models import PersonalisablePageMetadata, Segment

        if isinstance(instance, Segment):
            return list(instance.get_created_variants().live())
        if isinstance(instance, PersonalisablePageMetadata):
            return list(Page.objects.filter(pk=instance.variant_id, live=True))
    return []


def tagged_with(tag):
    """What has a tag, by each of the tables that tie tags to something."""
    for relation in tag._meta.related_objects:
        if issubclass(relation.related_model, ItemBase):
            for item in relation.related_model._default_manager.filter(**{relation.field.name: tag}):
                yield tagged(item)


def tagged(item):
    """What a tag is tied to, as it is now; None where that is gone. A generic foreign key has no related model."""
    field = type(item)._meta.get_field("content_object")
    if field.related_model is not None:
        return field.related_model._base_manager.filter(pk=getattr(item, field.attname)).first()
    return item.content_object


def embedding(obj, depth=EMBED_DEPTH):
    """Live pages and snippets that show an image, a document or a snippet, also by way of another snippet.

    Of pages nothing: an entry that links to another is found by Tessera.
    """
    if isinstance(obj, Page) or obj.pk is None or depth == 0:
        return []
    found = {}
    for reference in ReferenceIndex.get_references_to(obj):
        model = reference.content_type.model_class()
        if model is None:
            continue
        holder = model._base_manager.filter(pk=reference.object_id).first()
        if holder is not None and is_live(holder):
            found[holder._meta.label, holder.pk] = holder
            for further in embedding(holder, depth - 1):
                found.setdefault((further._meta.label, further.pk), further)
    return list(found.values())


def below(page):
    """The live pages below one; of very many as many as make the outbox tell of all."""
    return page.get_descendants().live().select_related("locale")[: MOST + 1]


def is_content(obj):
    """Whether it is a page or a snippet."""
    return isinstance(obj, (Page, *get_snippet_models()))


def is_live(obj):
    return obj is not None and is_content(obj) and getattr(obj, "live", True)
