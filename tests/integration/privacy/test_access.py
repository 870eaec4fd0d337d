"""Access: the whole of it, readable, and in bounded memory; and who looked."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

from plugin.ports import Change, DeadLetter, EventRow
from plugin.wiring.visiting import now_ms
from tests.integration.privacy.site import ADDRESS, place, running

RAW, KNOWN = "v-raw-4711", "jane.doe@example.org"
MANY = 12_000


def test_an_export_holds_everything_of_all_linked_ids_in_words(tmp_path: Path) -> None:
    where = place(tmp_path)
    with running(where) as site:
        site.events(
            RAW,
            {"type": "view", "content_id": "reading"},
            {"type": "view", "content_id": "reading"},
            {"type": "search", "properties": {"query": "trains at night"}},
            Cookie="tessera_consent=personalization=1",
        )
        site.ask("PATCH", f"/v1/visitors/{RAW}", json={"attributes": {"tier": "gold"}, "consent": {"analytics": False}})
        site.ask("POST", "/v1/identify", json={"visitor_id": RAW, "user_id": KNOWN})
        site.store.dead_letters.put(
            [DeadLetter("d", site.source(RAW), 1, b"?", "BadEventError", 3, now_ms(), now_ms())]
        )
    with running(where, apply_events=False) as site:
        site.events(KNOWN, {"type": "click", "content_id": "gold"}, wait=False)
        answer = site.client.get(
            f"/v1/visitors/{KNOWN}/export", headers={"Authorization": "Bearer admin-key-0123456789"}
        )
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Cache-Control"] == "no-store"
        found = json.loads(answer.text)
        assert {one["kind"] for one in found["profiles"]} == {"anonymous", "known"}
        (anonymous,) = [one for one in found["profiles"] if one["kind"] == "anonymous"]
        assert anonymous["attributes"]["tier"]["value"] == "gold"
        assert anonymous["consent"]["analytics"]["allowed"] is False
        assert anonymous["events"]["view"]["ever"] == 2
        assert len(anonymous["patterns_look_back_at"]) == 2
        assert found["read_by_rules"]["profile.tier"] == "gold"
        assert [(one["source"], one["known"]) for one in found["links"]] == [(site.source(RAW), site.source(KNOWN))]
        assert [one["segment"] for one in found["segments"]] == ["readers"]
        assert "entered" in {one["way"] for one in found["segment_history"]}
        assert sorted(one["type"] for one in found["events"]) == ["search", "view", "view"]
        assert "trains at night" in {one.get("properties", {}).get("query") for one in found["events"]}
        assert [one["type"] for one in found["events_not_applied_yet"]] == ["click"]
        assert found["events_not_applied_yet_complete"] is True
        assert [(one["why"], one["attempts"]) for one in found["events_that_failed"]] == [("BadEventError", 3)]
        did = {one["did"] for one in found["who_read_or_changed_it"]}
        assert did >= {"change", "identify", "export"}
        parts = {one["part"] for one in found["parts"]}
        assert parts == found.keys() - {"made", "visitor_id", "ids", "parts", "events_not_applied_yet_complete"}
        assert all(one["purpose"] and one["kept"] for one in found["parts"])
        assert ADDRESS not in answer.text
        assert RAW not in answer.text, "only the id that was asked for is in it as the site gives it"


def test_a_long_history_is_written_as_it_is_read(tmp_path: Path) -> None:
    with running(place(tmp_path)) as site:
        source, now = site.source(RAW), now_ms()
        token = site.store.leases.acquire("tests", "tests", now=now, ttl=60_000)
        assert token is not None
        with site.store.applying.begin({"tests": token}) as batch:
            for start in range(0, MANY, 1_000):
                batch.log([EventRow(f"e-{n}", source, 1, "view", now, now) for n in range(start, start + 1_000)])
        answer = site.client.get(
            f"/v1/visitors/{RAW}/export", headers={"Authorization": "Bearer admin-key-0123456789"}, buffered=False
        )
        tracemalloc.start()
        size = sum(len(piece) for piece in answer.iter_encoded())
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size > 1_000_000
        assert peak < size / 2


def test_who_read_and_changed_what_is_listed(tmp_path: Path) -> None:
    with running(place(tmp_path)) as site:
        site.ask("PATCH", f"/v1/visitors/{RAW}", json={"attributes": {"tier": "gold"}})
        site.ask("GET", f"/v1/visitors/{RAW}")
        site.ask("GET", f"/v1/visitors/{RAW}/export")
        site.ask("DELETE", f"/v1/visitors/{RAW}")
        site.ask("GET", "/v1/audit", query_string={"visitor": "v-nobody"})
        page = site.ask("GET", "/v1/audit", query_string={"limit": 2})
        rest = site.ask("GET", "/v1/audit", query_string={"cursor": page["next"]})
        entries = [*page["items"], *rest["items"]]
        assert [one["action"] for one in entries] == ["read_audit", "erase", "export", "read", "change"]
        assert {one["actor"] for one in entries} == {"ada"}
        assert {one["source"] for one in entries[1:]} == {site.source(RAW)}, "it outlives the erasure"
        mine = site.ask("GET", "/v1/audit", query_string={"visitor": RAW})["items"]
        assert [one["action"] for one in mine] == ["erase", "export", "read", "change"]
        assert "gold" not in json.dumps(entries), "names are noted, and no values"


def test_a_segment_is_shown_with_why(tmp_path: Path) -> None:
    with running(place(tmp_path)) as site:
        source, now = site.source(RAW), now_ms()
        token = site.store.leases.acquire("tests", "tests", now=now, ttl=60_000)
        assert token is not None
        with site.store.applying.begin({"tests": token}) as batch:
            batch.memberships([Change("vips", source, 1, "computed", "entered", now, score=0.5, reason='{"by":"job"}')])
        (one,) = site.ask("GET", f"/v1/visitors/{RAW}/export")["segments"]
        assert (one["segment"], one["score"], one["why"]) == ("vips", 0.5, {"by": "job"})
