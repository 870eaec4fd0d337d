"""Block templates: what breaks stays in its block, and nothing that an editor wrote runs."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.render.blocks import LONGEST, BlockRenderer, clean_markup, safe_url
from plugin.resources import folder
from rules import Block, Reason


def block(type_: str | None = "card", **fields: Any) -> Block:
    return Block("x", 1, 0.5, Reason("pin", rule="r"), {"id": "x", "type": type_, "tags": ["vip"], **fields})


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    (tmp_path / "default.html").write_text("default {{ block.id }}", encoding="utf-8")
    return tmp_path


def rendered(
    templates: Path, template: str, presentation: Mapping[str, object] | None = None, **fields: Any
) -> str | None:
    (templates / "card.html").write_text(template, encoding="utf-8")
    return BlockRenderer(templates).render(block(**fields), presentation or {})


def test_a_template_sees_the_block_and_the_hints(templates: Path) -> None:
    text = "{{ block.fields.title }} {{ block.tags|join }} {{ block.position }} "
    text += "{{ block.reason.rule }} {{ presentation.size }}"
    assert rendered(templates, text, {"size": "small"}, title="T") == "T vip 1 r small"


def test_the_template_is_that_of_the_type_else_the_default(templates: Path) -> None:
    (templates / "card.html").write_text("card", encoding="utf-8")
    renderer = BlockRenderer(templates)
    assert renderer.render(block("card"), {}) == "card"
    assert renderer.render(block("other"), {}) == "default x"
    assert renderer.render(block("other"), {}) == "default x"
    assert renderer.render(block(None), {}) == "default x"


@pytest.mark.parametrize(
    "kind", ["../secret", "..", "/etc/passwd", "a/b", "card.html\0", "", "a\\b", "\ud800", "%2e%2e"]
)
def test_a_type_is_never_a_path(templates: Path, kind: str) -> None:
    (templates.parent / "secret.html").write_text("secret", encoding="utf-8")
    assert BlockRenderer(templates).render(block(kind), {}) == "default x"


def test_values_are_escaped(templates: Path) -> None:
    assert rendered(templates, "<p title='{{ block.fields.t }}'>", t="<script>'\"&") == (
        "<p title='&lt;script&gt;&#39;&#34;&amp;'>"
    )


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ block.__class__ }}",
    "{{ block['__class__']['__init__'] }}",
    "{{ block|attr('__class__') }}",
    "{{ block.fields.items.__globals__ }}",
    "{{ (block.tags|map(attribute='__class__')|list)[0]() }}",
    "{{ '{0.__class__}'.format(block) }}",
    "{{ '{0.__class__.__init__}'.format_map({'0': block}) }}",
    "{{ ('{0.__class__}'|safe).format(block) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ lipsum.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ joiner().__class__ }}",
    "{% set f = block.fields.update %}{{ f({'title': 'x'}) }}",
    "{{ block.fields.clear() }}",
    "{{ block.fields.list.append(1) }}",
    "{{ block.fields.map.pop('a') }}",
    "{{ block.tags.sort() }}",
    "{% set block.fields.title = 'x' %}",
    "{% include '/etc/passwd' %}",
    "{% include '../secret.html' %}",
    "{% import 'os' as os %}{{ os.system }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_a_template_reaches_nothing_but_what_it_is_given(templates: Path, template: str) -> None:
    """Not the internals of Python, not other files, and not the values themselves, which other requests share."""
    (templates.parent / "secret.html").write_text("secret", encoding="utf-8")
    (templates / "card.html").write_text(template, encoding="utf-8")
    shared = block(title="T", list=[1, 2], map={"a": 1})
    renderer = BlockRenderer(templates)
    found = renderer.render(shared, {})
    assert found is None or not any(word in found for word in ("<class", "&lt;class", "secret", "root:", "module"))
    assert shared.entry == {"id": "x", "type": "card", "tags": ["vip"], "title": "T", "list": [1, 2], "map": {"a": 1}}


FAILING = [
    "{{ 1 / 0 }}",
    "{{ block.fields.nothing.at.all }}",
    "{{ block.fields.title + 1 }}",
    "{{ [][3] + 1 }}",
    "{% if %}",
    "{{ block|no_such_filter }}",
    "{% include 'missing.html' %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for i in range(10000000) %}{% endfor %}",
    "{{ 'é'.encode('ascii') }}",
    "{{ block.fields.title.center(99999999999999999999) }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}xxxxxxxx{% endfor %}{% endfor %}",
    "{{ 'x' * 300000 }}",
    "{{ 'x' * 10 ** 15 }}",
]


@pytest.mark.parametrize("template", FAILING)
def test_a_template_that_fails_gives_nothing_and_is_counted(templates: Path, template: str) -> None:
    (templates / "card.html").write_text(template, encoding="utf-8")
    told: list[str] = []
    renderer = BlockRenderer(templates, told.append)
    assert renderer.render(block(title="T"), {}) is None
    assert renderer.render(block("other"), {}) == "default x"
    assert (renderer.failures, told) == (1, ["card"])


def test_a_template_that_cannot_be_read_fails_alone(templates: Path) -> None:
    (templates / "card.html").write_bytes(b"\xff\xfe not UTF-8")
    renderer = BlockRenderer(templates)
    assert renderer.render(block(), {}) is None
    assert renderer.render(block("other"), {}) == "default x"


def test_where_even_the_default_is_missing_there_is_no_markup(tmp_path: Path) -> None:
    renderer = BlockRenderer(tmp_path)
    assert renderer.render(block(), {}) is None
    assert renderer.failures == 1


def test_markup_as_long_as_may_be_is_given(templates: Path) -> None:
    assert rendered(templates, "{{ block.fields.t }}", t="x" * LONGEST) == "x" * LONGEST
    assert rendered(templates, "{{ block.fields.t }}", t="x" * (LONGEST + 1)) is None


RUNNING = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "\x00javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "javascript\r:alert(1)",
    "\x1b javascript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>1</script>",
    "DATA:text/html;base64,PHNjcmlwdD4=",
    "blob:https://x/1",
    "file:///etc/passwd",
    "view-source:javascript:1",
    "http://[",
]


@pytest.mark.parametrize("url", RUNNING)
def test_an_address_that_could_run_leads_nowhere(url: str) -> None:
    assert safe_url(url) == "#"


@pytest.mark.parametrize(
    "url",
    [
        "/a?b=c#d",
        "https://x.example/",
        "HTTP://x.example",
        "mailto:a@x.example",
        "tel:+33",
        "#top",
        "a/b:c",
        "",
        "?q=a:b",
    ],
)
def test_a_plain_address_stays_as_it_is(url: str) -> None:
    assert safe_url(url) == url


@pytest.mark.parametrize("value", [None, 7, ["/a"], {"url": "/a"}, b"/a"])
def test_what_is_no_text_leads_nowhere(value: object) -> None:
    assert safe_url(value) == "#"


def as_browsers_read(url: str) -> str:
    """The scheme as the URL standard finds it: controls and blanks go from the ends, tabs and newlines everywhere."""
    trimmed = url.strip("".join(map(chr, range(33))))
    for char in "\t\n\r":
        trimmed = trimmed.replace(char, "")
    scheme, colon, _rest = trimmed.partition(":")
    allowed = scheme.replace("+", "").replace("-", "").replace(".", "")
    is_scheme = colon and scheme[:1].isascii() and scheme[:1].isalpha() and allowed.isascii() and allowed.isalnum()
    return scheme.lower() if is_scheme else ""


@given(st.text(st.sampled_from("jJavascript:data:htps/\t\n\r\x00\x01\x1f \xa0\x85&#;.+-1é"), max_size=24))
def test_whatever_is_written_no_browser_sees_a_scheme_that_runs(url: str) -> None:
    assert as_browsers_read(safe_url(url)) in {"", "http", "https", "mailto", "tel"}


def test_rich_text_keeps_its_form_and_loses_what_runs() -> None:
    text = (
        "<p onclick='x()'>a <b>b</b></p><script>x()</script><a href='JaVa\tScRiPt:x()'>l</a>"
        "<img src='data:x' onerror=x()><iframe src=/></iframe><svg onload=x()></svg><style>p{}</style>"
    )
    found = str(clean_markup(text))
    assert found.startswith("<p>a <b>b</b></p>")
    for word in ("script", "onclick", "onerror", "onload", "iframe", "svg", "style", "data:", "x()"):
        assert word not in found.lower()


@pytest.mark.parametrize("value", [None, 7, ["<b>"], {"a": "<b>"}])
def test_rich_text_that_is_none_is_empty(value: object) -> None:
    assert str(clean_markup(value)) == ""


class _Reader(HTMLParser):
    """Collects what could run."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "style", "base", "meta", "form"}:
            self.running.append(tag)
        for name, value in attrs:
            runs = as_browsers_read(value or "") in {"javascript", "vbscript", "data"} and tag != "img"
            if name.startswith("on") or runs:
                self.running.append(f"{tag} {name}={value}")


PIECES = [
    *("<script>", "</script>", "<a href='", "javascript:1'", '">', "<img src=x ", "onerror=1", ">", "<svg/onload=1>"),
    *("<!--", "-->", "<math><mi xlink:href='javascript:1'>", "&#106;avascript:1", "<<b", "<p style='x'", "\x00"),
    *("<noscript>", "<template>", "<textarea>", "</textarea>", "x"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_no_mixture_of_tags_gets_something_running_through(text: str) -> None:
    reader = _Reader()
    reader.feed(str(clean_markup(text)))
    assert reader.running == []


@pytest.mark.parametrize("kind", ["article", "author", "banner", "hero", "product", "promo", "topic", "unknown"])
def test_our_own_templates_render_hostile_and_missing_fields(kind: str) -> None:
    """Whatever a CMS holds: nothing at all, or in each field a script or an address that runs."""
    renderer = BlockRenderer(folder("templates") / "blocks")
    bad, runs = "\"'><script>x()</script>", "JavaScript:x()"
    hostile: dict[str, Any] = {
        **dict.fromkeys(("title", "kicker", "teaser", "role", "label", "currency", "image_alt", "note"), bad),
        **dict.fromkeys(("href", "image", "image_small"), runs),
        "cta": {"href": runs, "label": bad},
        "author": {"fields": {"title": bad, "href": runs}},
    }
    for fields in ({}, hostile, {**hostile, "image": bad, "image_small": bad, "href": bad, "cta": {"href": bad}}):
        markup = renderer.render(block(kind, **fields), {})
        assert markup is not None
        reader = _Reader()
        reader.feed(markup)
        assert reader.running == []
    assert renderer.failures == 0


@pytest.mark.parametrize(("title", "said"), [("On board", "On board."), ("On board?", "On board?"), (14, "14.")])
def test_the_title_of_a_banner_ends_with_one_mark(title: object, said: str) -> None:
    markup = BlockRenderer(folder("templates") / "blocks").render(block("banner", title=title), {})
    assert f"<strong>{said}</strong>" in str(markup)
