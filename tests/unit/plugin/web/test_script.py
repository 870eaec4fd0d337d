"""The script as it is served: small, kept as long as its address allows, readable from any origin."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import pytest

from plugin.web import script as script_
from plugin.web.script import compact, script
from tests.node import modules
from tests.servers import program
from tests.unit.plugin.web.small_app import Small

FOLDER = Path(script_.__file__).parent / "static"
COMPILER = Path(__file__).with_name("typescript")
MOST_BYTES = 5_000


def test_it_is_under_five_kilobytes_gzipped() -> None:
    assert len(script().zipped) < MOST_BYTES
    assert gzip.decompress(script().zipped) == script().source


def test_it_evaluates_no_text_and_styles_nothing_by_markup() -> None:
    """So that a strict content policy needs no exception for it."""
    source = script().source.decode()
    assert not re.search(r"\beval\b|\bFunction\(|setTimeout\(\s*[\"'`]|document\.write|javascript:", source)
    assert not re.search(r"\bon[a-z]+\s*=\s*[\"']|style=|setAttribute|<script", source)


def test_what_is_served_has_the_lines_of_the_source_without_comments() -> None:
    text = (FOLDER / "tessera.js").read_text("utf-8")
    lines = script().source.decode().splitlines()
    assert lines[0].startswith("/*! Tessera")
    assert not [line for line in lines[1:] if "// " in line or line != line.strip() or not line]
    code = re.sub(r"\s+", "", re.sub(r"(?m)(^|\s)// .*$", "", text))
    assert code == re.sub(r"\s+", "", script().source.decode())
    odd = [line for line in text.splitlines() if line.count("`") % 2]
    assert not odd, "a text of several lines would lose its indentation"


def test_lines_are_compacted_one_by_one() -> None:
    given = '/*! head */\n  // a word\n  const a = "https://x"; // why\n\n    b("// no comment");\n'
    assert compact(given) == '/*! head */\nconst a = "https://x";\nb("// no comment");\n'


@pytest.mark.parametrize("path", ["/tessera.js", f"/tessera.{script().digest}.js"])
def test_any_page_may_load_it(small: Small, path: str) -> None:
    """With its integrity checked, which takes CORS."""
    answer = small.client(None).get(path, headers={"Origin": "https://anywhere.example", "Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.data == script().source
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in answer.headers


def test_it_comes_zipped_to_those_who_ask(small: Small) -> None:
    for accepted, zips in (("gzip, br", True), ("br", False), ("gzip;q=0", False)):
        answer = small.client(None).get("/tessera.js", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == ("gzip" if zips else None)
        assert (gzip.decompress(answer.data) if zips else answer.data) == script().source
        assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_the_plain_address_is_kept_for_minutes_and_the_hashed_one_for_good(small: Small) -> None:
    client = small.client(None)
    about = client.get("/tessera.json").get_json()
    assert about["path"] == f"/{script().name}"
    assert "immutable" in client.get(about["path"]).headers["Cache-Control"]
    plain = client.get("/tessera.js")
    assert "max-age=300," in plain.headers["Cache-Control"]
    again = client.get("/tessera.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_integrity_that_is_told_is_that_of_what_is_served(small: Small) -> None:
    client = small.client(None)
    about = client.get("/tessera.json").get_json()
    served = client.get(about["path"], headers={"Accept-Encoding": "identity"}).data
    assert about["integrity"] == f"sha384-{b64encode(sha384(served).digest()).decode()}"
    assert about["gzip_bytes"] == len(script().zipped)


@pytest.mark.parametrize("path", ["/tessera.0123456789abcdef.js", "/tessera..js", "/tessera.min.js"])
def test_another_version_is_not_served_under_its_name(small: Small, path: str) -> None:
    """With an integrity of its own it would not run, and without it could be the wrong one for a year."""
    assert small.client(None).get(path).status_code == 404


def test_its_types_are_served_beside_it(small: Small) -> None:
    answer = small.client(None).get("/tessera.d.ts")
    assert "interface TesseraApi" in answer.get_data(as_text=True)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


TYPED = """
import type { Answer, Block } from "./tessera";
const answer: Promise<Answer | null> = Tessera.init({ key: "k", consent: { analytics: false }, auto: ["view"] });
Tessera.init({ key: "k", render: (block: Block) => `<p>${block.id}</p>` });
const id: string | undefined = Tessera.track("rating", { content_id: "a-3", value: 5 });
const now: Record<string, boolean> = Tessera.consent({ personalization: true });
window.Tessera.watch(document);
// @ts-expect-error: there is no init without a key
Tessera.init({});
// @ts-expect-error: no such way
Tessera.init({ key: "k", cookies: "some" });
// @ts-expect-error: wire names
Tessera.track("view", { contentId: "a-3" });
// @ts-expect-error: an id is not to be written
Tessera.visitorId = "v";
"""


def test_the_types_are_right_to_the_compiler(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "tessera.d.ts", tmp_path)
    (tmp_path / "page.ts").write_text(TYPED)
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "es2022", "--lib", "es2022,dom"]
    compiler = modules("typescript", COMPILER) / "typescript" / "bin" / "tsc"
    command = [program("node"), str(compiler), *options, "page.ts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
