"""The pages of the documentation, and the examples in them.

A fenced block is an example by its language; HTML comments on the lines before say more of it, unseen by readers:

`<!-- file: NAME -->`   the block is also written as a file that later examples of the page use
`<!-- part -->`         a part of a rule document: it stands beside `PARTS_BESIDE`, where its names are declared; with a
                        `file`, beside the page's other files, so that its tests are left to a command that is shown
`<!-- condition -->`    one condition, as `when` takes it
`<!-- data -->`         content, not a document
`<!-- broken -->`       a document that does not check, on purpose
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^( *)```([a-z]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_COMMENTS = re.compile(r"(?:<!-- *[a-z]+(?:: *[^ ]+)? *-->\n+)+\Z")
_COMMENT = re.compile(r"<!-- *([a-z]+)(?:: *([^ ]+))? *-->")
RUN = frozenset({"python", "yaml", "console", "json", "toml"})
NOT_RUN = frozenset({"sh", "text", "html", "markdown", "http", "ts", "js", "vcl"})
"""Languages of blocks that are shown only: commands of other programs, layouts, markup."""


@dataclass(frozen=True, slots=True)
class Example:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    kind: str | None = None
    file: str | None = None

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page that is written by hand; reports of the benchmark are not."""
    found = [page for page in DOCS.rglob("*.md") if "benchmark" not in page.relative_to(DOCS).parts]
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(found)]


def examples(page: Path) -> Iterator[Example]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        before = text[: found.start()]
        comments = _COMMENTS.search(before)
        said = {one[1]: one[2] for one in _COMMENT.finditer(comments[0])} if comments else {}
        indent = len(found[1])
        body = "".join(line[indent:] if line.strip() else line for line in found[3].splitlines(keepends=True))
        yield Example(
            page,
            before.count("\n") + 1,
            found[2],
            body,
            next((kind for kind in said if kind != "file"), None),
            said.get("file"),
        )


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))
