"""What each kind of page is about: the entry it shows whole, as its template wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from plugin.demo.shelf import Reader, Shelf, as_block, embedded, text, texts
from plugin.demo.telling import Telling
from plugin.demo.words import Words
from plugin.render.blocks import clean_markup
from rules.pool import Candidate

_IMAGES = ("title", "teaser", "image", "image_small")
Presentation = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class About:
    """What a subject is made with."""

    shelf: Shelf
    reader: Reader
    telling: Telling
    words: Words
    presentation: Presentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of page.

    Attributes:
        slots: its places, in order.
        entry: the type of the entry that it is about.
        prefix: what the entry's id has before the page's own name.
        path: of its addresses.
        subject: gives the variable that the template calls by `name`.
    """

    name: str
    slots: tuple[str, ...]
    path: str
    entry: str | None = None
    prefix: str = ""
    subject: Callable[[About, Candidate], dict[str, object]] | None = None


def _article(about: About, entry: Candidate) -> dict[str, object]:
    author = embedded(entry.entry.get("author"))
    minutes = entry.entry.get("reading_minutes")
    topics = {f"topic-{slug}": slug for slug in texts([entry], "topics")}
    return {
        **_fields(entry, *_IMAGES, "kicker", "image_alt"),
        "body_html": clean_markup(entry.entry.get("body_html")),
        "reading_minutes": minutes if isinstance(minutes, int | float) else None,
        "author": None
        if author is None
        else {**about.telling.card(author, about.presentation), "title": author.fields.get("title") or author.id},
        "topics": [
            {"label": about.shelf.titles[topic], "href": f"/topics/{slug}"}
            for topic, slug in topics.items()
            if about.shelf.visible(topic, "topic", about.reader) is not None
        ],
    }


def _topic(_about: About, entry: Candidate) -> dict[str, object]:
    return _fields(entry, *_IMAGES)


def _product(about: About, entry: Candidate) -> dict[str, object]:
    amount = entry.entry.get("price")
    return {
        **_fields(entry, *_IMAGES, "image_alt"),
        "body_html": clean_markup(entry.entry.get("body_html")),
        "price": about.words.price(entry.entry.get("price"), entry.entry.get("currency")),
        "amount": amount if isinstance(amount, int | float) else None,
        "currency": text(entry.entry, "currency") or "EUR",
    }


def products(about: About) -> list[dict[str, object]]:
    """Everything in the shop that the reader may see."""
    visible = about.shelf.all_visible("product", about.reader)
    return [about.telling.card(as_block(one.entry), about.presentation) for one in visible]


def _fields(entry: Candidate, *names: str) -> dict[str, object]:
    found: dict[str, object] = {name: text(entry.entry, name) for name in names}
    return found | {"id": entry.id, "lang": entry.locale, "title": found["title"] or entry.id}


HOME = Kind(
    name="home",
    slots=("home.hero", "home.banner", "home.feed", "home.topics", "home.shelf", "home.promo"),
    path="/",
)
SHOP = Kind(name="shop", slots=("shop.featured",), path="/shop")
ARTICLE = Kind(
    name="article",
    slots=("article.related", "article.aside"),
    path="/articles/",
    entry="article",
    subject=_article,
)
TOPIC = Kind(name="topic", slots=("topic.feed",), path="/topics/", entry="topic", prefix="topic-", subject=_topic)
PRODUCT = Kind(name="product", slots=("product.companions",), path="/shop/", entry="product", subject=_product)
ERROR = Kind(name="error", slots=(), path="/")
