"""`[sources.NAME.mapping]`: its options, their defaults for each CMS, and how they are read.

Every option may be left out. Fields are named by their path, names joined with dots (`acf.audience`, `author.slug`);
an option that takes fields takes one or a list, and `[]` turns its default off. Adapters call fields of the names of
entries' own properties (`id`, `type`, `tags`, `locale`, `published_at`, `expires_at`) `cms_<name>`; either name finds
them here, but in `where` and `where_not` the first four are the entry's own.

* `types`, `exclude_types`: which types become candidates; `*` stands for any letters. Default: all.
* `where`, `where_not`: `{field = value}` or `{field = [values]}` that an entry must have, or must not have.
* `type`, `type_names`: the field that names the type, and other names for types.
* `locale`, `locales`, `default_locale`: the field that names the language, `{what the CMS calls it = BCP 47 tag}`, and
  the language of entries without one.
* `tags`: fields whose texts are tags as they stand; beside the tags that the adapter found.
* `slot`, `audience`, `topic`: fields whose texts become tags `slot:...`, `audience:...`, `topic:...`. By default fields
  of that name, or `slots`, `audiences`, `segment`, `segments`, `topics`.
* `prefixed`: `{prefix = field}` for tags of other prefixes.
* `separators`: what may stand between prefix and name beside the colon, such as `["-", "/"]`.
* `aliases`: `{written prefix = prefix}`, such as `{segment = "audience"}`.
* `case`: "keep", "lower", or "slug" (lower case, all but letters, digits, `.` and `_` become `-`).
* `rename_tags`: `{tag = tag}`; "" drops it.
* `starts_at`, `ends_at`: from when, and until when an entry is shown; the first of the fields that has a value. By
  default `starts_at`, `publish_from` ... and `ends_at`, `expires_at` ...: see `BASE`.
* `timezone`: of dates without an offset; default UTC.
* `defaults`: false turns all defaults off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import cast
from zoneinfo import ZoneInfo

from adapters.cms.locales import parse_locale
from adapters.cms.mapping import INSIDE, Case, EntryMapping
from adapters.cms.port import Json, OptionsError
from adapters.options import OptionReader

_STARTS = ("starts_at", "start_at", "publish_from", "publish_at", "visible_from", "show_from", "go_live_at")
_ENDS = (
    "ends_at",
    "end_at",
    "expires_at",
    "expire_at",
    "publish_until",
    "publish_to",
    "unpublish_at",
    "visible_until",
    "show_until",
)
BASE: Mapping[str, tuple[str, ...]] = {**INSIDE, "starts_at": _STARTS, "ends_at": _ENDS}
"""Fields that mean something by their name, whatever the CMS. Dates of events (`start_date`, `date`) are not among
them: an event is announced before it begins."""

_MEANING = 2  # moves where the same options come to mean something else, so that everything is read again


def _within(*containers: str) -> dict[str, tuple[str, ...]]:
    """The same names within objects that a CMS keeps custom fields in."""
    return {option: tuple(f"{place}.{name}" for place in containers for name in BASE[option]) for option in BASE}


_CUSTOM = _within("acf", "meta")
DEFAULTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # Terms of a taxonomy `audience`, `segment`, `slot` or `topic` are tags already; custom fields stand in `meta`,
    # or in `acf` with the plugin of that name.
    "wordpress": {
        **_CUSTOM,
        "starts_at": BASE["starts_at"] + _CUSTOM["starts_at"],
        "ends_at": BASE["ends_at"] + _CUSTOM["ends_at"],
    },
    # The adapter makes tags of the fields `slot`, `audience` and `topic` itself.
    "payload": {
        "slot": ("slots",),
        "audience": ("audience.segments", "audiences", "segment", "segments"),
        "topic": ("topics",),
    },
}
"""By adapter, over `BASE`. An adapter that is not here may have an attribute `mapping_defaults` of this form."""


def read_mapping(
    table: Mapping[str, object] | None, adapter: str = "", declared: Mapping[str, object] | None = None
) -> EntryMapping:
    """The mapping of one source.

    Args:
        table: what the settings say; None where they say nothing.
        adapter: the adapter's name, for its defaults.
        declared: the adapter's own `mapping_defaults`, which win over those of this module.
    Raises:
        OptionsError: naming every option that is wrong, as `mapping.NAME`.
    """
    said = dict(table or {})
    defaults: Mapping[str, object] = {}
    if said.get("defaults") is not False:
        defaults = {**BASE, **DEFAULTS.get(adapter, {}), **(declared or {})}
    take = OptionReader({**defaults, **said})
    take.flag("defaults", True)
    made = _read(take)
    if problems := take.problems():
        raise OptionsError(f"mapping.{problem}" for problem in problems)
    parts = {name: value for name, value in asdict(made).items() if name not in ("said", "fingerprint")}
    text = json.dumps([_MEANING, parts], sort_keys=True, default=str)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
    return replace(made, said=frozenset(said), fingerprint=fingerprint)


def _read(take: OptionReader) -> EntryMapping:
    prefixed = {prefix: _paths(take, prefix) for prefix in INSIDE}
    for prefix, fields in _table(take, "prefixed").items():
        if prefix in INSIDE:
            take.complain("prefixed", f"{prefix!r} has an option of its own")
        prefixed[prefix.strip().casefold()] = _listed(take, "prefixed", fields)
    aliases = {one.strip().casefold(): other.strip().casefold() for one, other in take.text_map("aliases").items()}
    for target in sorted(set(aliases.values()) - prefixed.keys()):
        take.complain("aliases", f"{target!r} is no prefix; known are {', '.join(prefixed)}")
    return EntryMapping(
        types=_paths(take, "types"),
        exclude_types=_paths(take, "exclude_types"),
        where=_conditions(take, "where"),
        where_not=_conditions(take, "where_not"),
        type=_paths(take, "type"),
        type_names=take.text_map("type_names"),
        locale=_paths(take, "locale"),
        locales=_locales(take),
        default_locale=_locale(take, "default_locale", take.text("default_locale")),
        tags=_paths(take, "tags"),
        prefixed=prefixed,
        separators=_paths(take, "separators"),
        aliases=aliases,
        case=cast(Case, take.choice("case", "keep", ("keep", "lower", "slug"))),
        rename_tags=take.text_map("rename_tags"),
        starts_at=_paths(take, "starts_at"),
        ends_at=_paths(take, "ends_at"),
        timezone=_zone(take),
    )


def _paths(take: OptionReader, name: str) -> tuple[str, ...]:
    return _listed(take, name, take.anything(name))


def _listed(take: OptionReader, name: str, value: object) -> tuple[str, ...]:
    """One text or a list of them."""
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list | tuple) and all(isinstance(item, str) and item.strip() for item in items):
        return tuple(dict.fromkeys(items))
    take.complain(name, "want a text or a list of texts")
    return ()


def _table(take: OptionReader, name: str) -> Mapping[str, object]:
    value = take.anything(name)
    if value is None:
        return {}
    if isinstance(value, Mapping) and all(isinstance(key, str) and key for key in value):
        return value
    take.complain(name, "want a table")
    return {}


def _conditions(take: OptionReader, name: str) -> dict[str, tuple[Json, ...]]:
    made: dict[str, tuple[Json, ...]] = {}
    for path, value in _table(take, name).items():
        items: list[object] = list(value) if isinstance(value, list | tuple) else [value]
        wanted = [item for item in items if isinstance(item, str | bool | int | float)]
        if wanted and len(wanted) == len(items):
            made[path] = tuple(wanted)
        else:
            take.complain(name, f"{path}: want a text, a number, true or false, or a list of these")
    return made


def _locales(take: OptionReader) -> dict[str, str]:
    made = {}
    for said, tag in take.text_map("locales").items():
        made[said] = _locale(take, "locales", tag) or tag
    return made


def _locale(take: OptionReader, name: str, tag: str | None) -> str | None:
    if tag is None:
        return None
    found = parse_locale(tag)
    if found is None:
        take.complain(name, f"{tag!r} is no language tag such as fr or fr-BE")
    return found


def _zone(take: OptionReader) -> ZoneInfo:
    name = take.text("timezone", "UTC") or "UTC"
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown zone is a KeyError
        take.complain("timezone", "want the name of a time zone, such as Europe/Paris")
        return ZoneInfo("UTC")
