"""How an object is called by both sides."""

from wagtail.models import Page, TranslatableMixin

from . import config


def label(obj):
    """`app.Model`, as API v2 writes it in `meta.type`."""
    model = obj.specific_class if isinstance(obj, Page) else type(obj)
    return (model or type(obj))._meta.label


def identity_of(obj):
    """A page's is the same in all languages; that of anything else says its model, too."""
    if not isinstance(obj, Page):
        return f"{label(obj)}:{obj.translation_key if isinstance(obj, TranslatableMixin) else obj.pk}"
    name = config.identity()
    if name == "page":
        return str(obj.pk)
    return str(getattr(obj if hasattr(obj, name) else obj.specific, name))


def locale_of(obj):
    """The BCP 47 tag in its usual case, or None."""
    if not isinstance(obj, TranslatableMixin) or obj.locale_id is None:
        return None
    first, *rest = obj.locale.language_code.split("-")
    cased = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(cased.get(len(part), str.lower)(part) for part in rest)])


def notice_of(obj):
    """What is said of an object that changed: where to look, how new it is, and nothing of what is there."""
    more = {"locale": locale_of(obj), "version": version_of(obj)}
    return {"id": identity_of(obj), "type": label(obj), **{name: value for name, value in more.items() if value}}


def version_of(obj):
    """When what is live was published, as the API shows it and Tessera orders by; None of all that is not live."""
    moment = getattr(obj, "last_published_at", None)
    if moment is None or moment.tzinfo is None or not getattr(obj, "live", False):
        return None
    return moment.isoformat()
