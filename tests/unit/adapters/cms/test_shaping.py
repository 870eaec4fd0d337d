"""What all adapters do alike: names of fields, and the mark of the options."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.cms.mapping_options import read_mapping
from adapters.cms.shaping import ENTRY_PROPERTIES, field_name, fingerprint, mapping_defaults
from rules.decision import RESERVED_FIELDS

ROOT = Path(__file__).parents[4]
MANY = "[f'name{n}' for n in range(20)]"
OPTIONS = {
    "contentful": f"{{'space': 's', 'token': 't', 'markdown_fields': {MANY}, 'locales': {MANY}}}",
    "files": f"{{'path': '.', 'markdown_fields': {MANY}}}",
    "generic": "{'url': 'https://x.example', 'content_type': 'a', 'tags': ['$.a', '$.b'],"
    f" 'localized_fields': {MANY}, 'html_fields': {MANY}, 'markdown_fields': {MANY}, 'link_fields': {MANY},"
    f" 'without': {MANY}}}",
    "payload": f"{{'url': 'https://x.example', 'collections': {MANY}, 'related': ['a', 'b'],"
    f" 'markdown_fields': {MANY}}}",
    "strapi": f"{{'url': 'https://x.example', 'types': {MANY}, 'markdown_fields': {MANY}}}",
    "wagtail": "{'url': 'https://x.example', 'types': [f'a.B{n}' for n in range(20)],"
    f" 'markdown_fields': {MANY}, 'rich_text_fields': {MANY}}}",
    "wordpress": f"{{'url': 'https://x.example', 'html_fields': {MANY}, 'ignored_terms': {MANY}}}",
}


@pytest.mark.parametrize("adapter", OPTIONS)
def test_the_options_have_one_mark_in_every_process(adapter: str) -> None:
    """Sets are told in another order by each process."""
    code = f"""
from adapters import registry
from adapters.runtime import Runtime
source = registry.cms({adapter!r})({OPTIONS[adapter]}, Runtime.system())
print(source._fingerprint)
source.close()
"""
    told = set()
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True, timeout=180
        )
        told.add(done.stdout)
    assert len(told) == 1


@dataclass(frozen=True)
class Inner:
    names: frozenset[str] = frozenset()
    compiled: object = field(default=None, repr=False)


def test_a_mark_says_all_but_what_is_left_out_of_the_repr() -> None:
    assert fingerprint(Inner(frozenset("ab"))) != fingerprint(Inner(frozenset("ac")))
    assert fingerprint({"a": Inner()}) != fingerprint({"b": Inner()})
    assert fingerprint("a", "b") != fingerprint("ab")
    assert fingerprint(["1"]) != fingerprint([1])
    assert fingerprint(Inner(compiled=object())) == fingerprint(Inner(compiled=object()))


def test_names_of_properties_are_those_that_rules_reserve() -> None:
    assert ENTRY_PROPERTIES == RESERVED_FIELDS
    assert [field_name(name) for name in ("expires_at", "title")] == ["cms_expires_at", "title"]


def test_what_ends_an_entry_by_default_still_does() -> None:
    for adapter in ("", *OPTIONS):
        before, after = read_mapping(None, adapter), read_mapping(None, adapter, mapping_defaults(adapter))
        assert after.ends_at == (*before.ends_at, "cms_expires_at")
        assert (after.starts_at, after.prefixed) == (before.starts_at, before.prefixed)
