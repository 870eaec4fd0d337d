"""Segments over real HTTP: a list is imported, a rule sees it, it is exported and taken away; a score wears off."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.servers import free_port
from tests.serving import serving
from tests.waiting import allowed

pytestmark = pytest.mark.server

KEY, READ_ONLY = "a-key-for-jobs-0123456789", "a-key-for-readers-0123456789"
PATIENCE_S = 90
SOON_S = 1.0  # what rules promise of one change
MANY = 50_000
SETTINGS = f"""\
bind = "127.0.0.1:{{port}}"
workers = 1
delivery_keys = [{{{{key = "pub"}}}}]

[[management_keys]]
name = "crm"
key = "{KEY}"
scopes = ["read", "write", "publish", "visitors"]

[[management_keys]]
name = "reader"
key = "{READ_ONLY}"
scopes = ["read", "write"]

[sources.files]
adapter = "files"
path = "content"
"""
RULES = """\
slots:
  - {id: hero, default: {id: welcome}}
segments:
  - {id: beta, members: [v-listed]}
  - {id: hot, computed: true}
  - {id: both, when: {all: [{segment: beta}, {segment: hot}]}}
rules:
  - {id: for-both, slot: hero, priority: 2, when: {segment: both}, then: [{pin: {id: both}}]}
  - {id: for-beta, slot: hero, when: {segment: beta}, then: [{pin: {id: beta}}]}
  - {id: for-hot, slot: hero, when: {segment: hot}, then: [{pin: {id: hot}}]}
"""


class Api:
    """A running Tessera, as a job and a page see it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def ask(self, method: str, path: str, key: str = KEY, **rest: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}", **rest.pop("headers", {})}
        return self.session.request(method, self.url + path, headers=headers, timeout=60, **rest)

    def json(self, method: str, path: str, **rest: Any) -> Any:
        answer = self.ask(method, path, **rest)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def import_(self, segment: str, text: str, **query: str) -> requests.Response:
        headers = {"Content-Type": "text/csv"}
        return self.ask("POST", f"/v1/segments/{segment}/import", data=text.encode(), params=query, headers=headers)

    def shown(self, visitor: str) -> str:
        body = {"slots": [{"id": "hero"}], "visitor": {"id": visitor}}
        answer = self.session.post(f"{self.url}/v1/personalize?key=pub", json=body, timeout=60).json()
        (block,) = answer["slots"]["hero"]["blocks"]
        return str(block["id"])

    def sizes(self) -> dict[str, int | None]:
        return {one["id"]: one["size"] for one in self.json("GET", "/v1/segments/sizes")["items"]}


def until(seen: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
    """Waits for what must come about; the seconds that it took."""
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < patience_s, "it did not come about"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder, port = tmp_path_factory.mktemp("segments"), free_port()
    (folder / "content").mkdir()
    for day, name in enumerate(("both", "hot", "beta", "welcome"), 1):  # the newest is shown where no rule pins
        head = f"id: {name}\ntype: hero\ntitle: {name}\npublished_at: 2024-01-0{day}"
        (folder / "content" / f"{name}.md").write_text(f"---\n{head}\n---\n")
    url = f"http://127.0.0.1:{port}"
    with serving(folder, url, settings=SETTINGS.format(port=port), rules=RULES):
        yield Api(url)


def test_a_list_is_imported_seen_by_a_rule_exported_and_taken_away(api: Api) -> None:
    assert [api.shown(one) for one in ("v-1", "v-listed")] == ["welcome", "beta"]
    assert api.import_("beta", "v-1\nv-2\n\n\nv,3\n").status_code == 422
    assert api.shown("v-1") == "welcome"
    done = api.import_("beta", "id;plan\nv-1;pro\nv-2;free\n", mode="replace").json()
    assert (done["entered"], done["lines"], done["rejected"]) == (2, 2, 0)
    assert until(lambda: api.shown("v-1") == "beta") < allowed(SOON_S)
    assert api.sizes() == {"beta": 3, "hot": 0, "both": None}

    rows = list(csv.DictReader(io.StringIO(api.ask("GET", "/v1/segments/beta/export").text)))
    assert [(row["id"], row["from"]) for row in rows] == [("v-listed", "document"), ("", "members"), ("", "members")]
    assert "v-1" not in api.ask("GET", "/v1/segments/beta/members").text

    seen = api.json("GET", "/v1/visitors/v-1/segments")
    assert [(one["id"], one["active"], one["reason"]["via"]) for one in seen["segments"]] == [("beta", True, "import")]
    assert api.ask("GET", "/v1/visitors/v-1/segments", key=READ_ONLY).status_code == 403
    assert api.ask("DELETE", "/v1/segments/beta/members", key=READ_ONLY, json={"ids": ["v-1"]}).status_code == 403

    tag = api.ask("GET", "/v1/segments/beta").headers["ETag"]
    refused = api.ask("DELETE", "/v1/segments/beta", headers={"If-Match": tag})
    assert refused.status_code == 409
    assert {(one["section"], one["id"]) for one in refused.json()["uses"]} == {
        ("segments", "both"),
        ("rules", "for-beta"),
    }

    assert api.json("DELETE", "/v1/segments/beta/members", json={"ids": ["v-1"]})["removed"] == 1
    assert until(lambda: api.shown("v-1") == "welcome") < allowed(SOON_S)
    seen = api.json("GET", "/v1/visitors/v-1/segments")
    assert [one["way"] for one in seen["history"]] == ["left", "entered"]
    assert api.json("DELETE", "/v1/segments/beta/members?all=true")["removed"] == 1
    assert api.shown("v-listed") == "beta"


def test_a_score_wears_off_and_its_end_is_logged_by_itself(api: Api) -> None:
    """Half of it is left after a second: from 0.8 to below 0.3 takes 1.4 s."""
    decay = {"half_life": "1s", "threshold": 0.3}
    members = [{"id": "v-7", "score": 0.8}, {"id": "v-8", "score": 0.2}]
    done = api.json("POST", "/v1/segments/hot/members", json={"members": members, "decay": decay})
    assert (done["entered"], done["over"]) == (1, 1)
    until(lambda: api.shown("v-7") == "hot")
    assert api.shown("v-8") == "welcome"
    until(lambda: api.shown("v-7") == "welcome")

    def left() -> bool:
        history = api.json("GET", "/v1/visitors/v-7/segments")["history"]
        return [(one["way"], one["reason"].get("expired")) for one in history] == [("left", True), ("entered", None)]

    until(left)
    assert api.sizes()["hot"] == 0


def test_members_outlive_a_segment_that_is_published_away_and_can_be_removed(api: Api) -> None:
    api.json("POST", "/v1/segments/hot/members", json={"members": ["v-9"]})
    segment = {"id": "passing", "members": []}
    assert api.ask("POST", "/v1/segments", json=segment).status_code == 201
    api.json("POST", "/v1/segments/passing/members", json={"members": ["v-9"]})
    tag = api.ask("GET", "/v1/segments/passing").headers["ETag"]
    assert api.ask("DELETE", "/v1/segments/passing", headers={"If-Match": tag}).status_code == 204
    orphan = next(one for one in api.json("GET", "/v1/segments/sizes")["items"] if one["id"] == "passing")
    assert (orphan["kind"], orphan["size"], orphan["orphaned"]) == (None, 1, True)
    assert api.ask("POST", "/v1/segments/passing/members", json={"members": ["v-9"]}).status_code == 404
    assert api.json("DELETE", "/v1/segments/passing/members?all=true")["removed"] == 1
    assert "passing" not in api.sizes()
    lost = api.ask("GET", "/v1/segments/bета/uses")
    assert lost.status_code == 404
    assert api.ask("DELETE", "/v1/segments/bet/members?all=true").json()["detail"].endswith("did you mean 'beta'?")


def test_fifty_thousand_members_come_in_and_out(api: Api) -> None:
    text = "\n".join(f"visitor-{number:08}" for number in range(MANY))
    done = api.import_("beta", text).json()
    assert (done["entered"], done["kept"]) == (MANY, 0)
    assert api.sizes()["beta"] == MANY + 1
    page = api.json("GET", "/v1/segments/beta/members?limit=1000")
    assert len(page["items"]) == 1_000
    assert page["next"]
    rows = api.ask("GET", "/v1/segments/beta/export").text.splitlines()
    assert len(rows) == MANY + 2
