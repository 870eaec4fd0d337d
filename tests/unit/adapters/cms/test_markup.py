"""Nothing that runs gets through, and what is harmless does."""

from __future__ import annotations

import time

import pytest

from adapters.cms.markup import markdown, sanitize, sanitize_fields

HOSTILE = [
    "<script>x()</script>", "<img src=x onerror=x()>", "<svg onload=x()>", "<iframe src=//x></iframe>",
    "<a href='javascript:x()'>y</a>", "<a href=' java\tscript:x()'>y</a>", "<a href='data:text/html,x'>y</a>",
    "<style>*{}</style>", "<p style='background:url(x)'>y</p>", "<form action=//x><input></form>",
    "<base href=//x>", "<meta http-equiv=refresh content=0>", "<object data=x></object>", "<math><mi//xlink:href='x'>",
    "<b id=x class=y onclick=x()>z</b>", "<img src='data:image/svg+xml,<svg onload=x()>'>", "<!-- --><x-y z>",
]  # fmt: skip


FORBIDDEN = [
    "<script", "onerror", "onload", "onclick", "<iframe", "script:", "data:", "<style", "style=", "<form", "<input",
    "<base", "<meta", "<object", "<math", "<svg", "class=", "id=", "<!--",
]  # fmt: skip


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_that_runs_or_restyles_survives(html: str) -> None:
    for made in (sanitize(html), markdown(html), markdown(f"text\n\n{html}\n")):
        lowered = made.lower()
        for bad in FORBIDDEN:
            assert bad not in lowered


def test_markdown_gives_the_usual_markup() -> None:
    made = markdown(
        '# T\n\n*a* **b** ~~c~~ [d](https://x.example "t")\n\n| x |\n| - |\n| 1 |\n\n```python\n1 < 2\n```\n'
    )
    for part in ("<h1>T</h1>", "<em>a</em>", "<strong>b</strong>", "<s>c</s>", "<td>1</td>", 'href="https://x.example"',
                 '<code class="language-python">1 &lt; 2'):  # fmt: skip
        assert part in made
    assert 'rel="noopener noreferrer"' in made


def test_images_are_rewritten_in_markdown_and_raw_html_alike_and_links_are_not() -> None:
    seen: list[str] = []

    def url(path: str) -> str | None:
        seen.append(path)
        return None if path == "bad.png" else f"/assets/{path}"

    made = markdown('![A](a.png) <img src="b.png"> ![](bad.png) [c](c.png)', url)
    assert 'src="/assets/a.png"' in made
    assert 'src="/assets/b.png"' in made
    assert 'href="c.png"' in made
    assert seen == ["a.png", "b.png", "bad.png"]
    assert "bad.png" not in made


def test_everything_under_an_html_key_is_sanitised_at_any_depth() -> None:
    bad = "<script>x</script>ok"
    value = {"a": bad, "b_html": bad, "c": [{"d_html": [bad, {"e": bad}]}], "n_html": 3}
    assert sanitize_fields(value) == {"a": bad, "b_html": "ok", "c": [{"d_html": ["ok", {"e": "ok"}]}], "n_html": 3}


@pytest.mark.parametrize("piece", ["[", "*a ", "`", "<", "> ", "!["])
def test_pathological_markdown_takes_no_unreasonable_time(piece: str) -> None:
    began = time.process_time()
    markdown(piece * 10_000)
    markdown(piece * 1_000_000)
    assert time.process_time() - began < 8
