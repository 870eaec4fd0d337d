"""The panel as its template wants it: fields with what is chosen, chips of who is looking, visitors ready to try."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from plugin.demo.panel import Field, Panel
from plugin.demo.visitor import RESET, SET, Chosen, query_of
from plugin.demo.words import LANGUAGES, Words

_UNSAID = frozenset({"none", "real", "fast", "direct", "unasked", "unknown"})
_MEANS_LITTLE_ALONE = frozenset({"consent", "segments"})
_MOST_CHIPS = 5
"""Beside the hour."""


def form(
    panel: Panel, chosen: Chosen, words: Words, *, path: str, hour: str, is_open: bool, link: str, shared: bool
) -> dict[str, object]:
    """`panel` of the pages.

    Args:
        path: of this page.
        hour: of the visit, as text.
        link: the token of a preview link, to be carried along; "" for none.
        shared: whether a cache gives this page to all visitors of a kind, so that it cannot say who is looking.
    """
    lang = words.lang
    return {
        "action": path,
        "hidden": [
            {"name": "lang", "value": lang},
            {"name": "panel", "value": SET},
            *([{"name": "preview", "value": link}] if link else []),
        ],
        "open": is_open,
        "lead": words.text("panel_shared" if shared else "panel_lead"),
        "summary": [{"label": words.text("panel_you"), "value": words.text("panel_anybody")}]
        if shared
        else [
            *list(_chips(panel, chosen, lang))[:_MOST_CHIPS],
            {"label": words.text("colophon_moment"), "value": hour},
        ],
        "presets": [
            {
                "label": preset.label[lang],
                "detail": preset.detail[lang],
                "href": f"{path}?{query_of(preset.values, lang=lang)}",
                "current": preset.values == chosen.values and not shared,
            }
            for preset in panel.presets
        ],
        "groups": [
            {"legend": group.legend[lang], "fields": [_field(one, chosen, lang) for one in group.fields]}
            for group in panel.groups
        ],
        "reset_href": f"{path}?{urlencode({'panel': RESET, 'lang': lang})}",
    }


def languages(chosen: Chosen, current: str, path: str) -> list[dict[str, object]]:
    """This page in each language; what is chosen stays."""

    def href(code: str) -> str:
        query = query_of(chosen.values, lang=code) if chosen.by_query else urlencode({"lang": code})
        return f"{path}?{query}"

    return [
        {"code": code, "name": name, "href": href(code), "current": code == current} for code, name in LANGUAGES.items()
    ]


def place_of(panel: Panel, chosen: Chosen, lang: str) -> str | None:
    """The name of the place that is chosen, where one is."""
    places = (choice for one in panel.fields if one.name == "place" for choice in one.chosen(chosen.values))
    return next((choice.label[lang] for choice in places if choice.value not in _UNSAID), None)


def _chips(panel: Panel, chosen: Chosen, lang: str) -> Iterator[dict[str, str]]:
    for one in panel.fields:
        if one.name in _MEANS_LITTLE_ALONE:
            continue
        for choice in one.chosen(chosen.values):
            if choice.value not in _UNSAID:
                yield {"label": one.label[lang], "value": choice.label[lang]}


def _field(field: Field, chosen: Chosen, lang: str) -> dict[str, object]:
    held = chosen.values.get(field.name, ())
    return {
        "kind": field.kind,
        "name": field.name,
        "id": f"p-{field.name}",
        "label": field.label[lang],
        "hint": field.hint.get(lang),
        "value": "" if field.kind == "checkboxes" else "".join(held),
        "unit": field.unit,
        "choices": [
            {
                "value": choice.value,
                "label": choice.label[lang],
                "selected": choice.value in held,
                "id": f"p-{field.name}-{choice.value}",
            }
            for choice in field.choices
        ],
    }
