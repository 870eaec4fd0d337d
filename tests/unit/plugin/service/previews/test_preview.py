"""Previews: drafts over what is published, by the same decision, and nothing of it counted or kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.cms.port import AuthError, CmsError, Entry, Key, Unavailable
from plugin.errors import Forbidden, UnknownSlots, ValidationFailed
from plugin.flow.context import RawRequest
from plugin.flow.types import SlotAsk
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.previews.drafts import Drafts
from plugin.service.previews.preview import FRESH_S, PreviewAsk, PreviewRequest, Previews
from plugin.service.previews.tokens import DraftRef, PreviewTokens
from plugin.store import Store
from tests.unit.adapters.cms.memory import MemorySource
from tests.unit.plugin.service.site_support import NOW, ByHand, Service, a_site, ask, entry, publish, put, service

SITE = a_site(
    attributes={"custom.cart": {"type": "number"}},
    segments=[{"id": "rich", "when": {"custom.cart": {"gte": 80}}}],
    slots=[{"id": "feed", "limit": 5}, {"id": "capped", "limit": 1, "cap": {"per_visitor": 1, "within": "1h"}}],
)
A, B = DraftRef("cms", "a"), DraftRef("cms", "b")


def draft(id_: str, title: str, **more: Any) -> Entry:
    parts: dict[str, Any] = {"locale": None, "type": "card", "tags": (), "published_at": NOW - timedelta(days=1)}
    return Entry(id=id_, fields={"title": title}, **{**parts, **more})


@dataclass
class Bench:
    cms: MemorySource
    site: Service
    previews: Previews
    store: Store

    def save(self, *drafts: Entry) -> None:
        self.cms.drafts.update((one.key, one) for one in drafts)

    def shown(self, *refs: DraftRef, slot: str = "feed", ask: PreviewAsk | None = None, **rest: Any) -> list[str]:
        found = self.answer(*refs, slot=slot, ask=ask, **rest)
        return [block["fields"]["title"] for block in found["slots"][slot]["blocks"]]

    def answer(self, *refs: DraftRef, slot: str = "feed", ask: PreviewAsk | None = None, **rest: Any) -> Any:
        link = self.previews.create(PreviewRequest(entries=refs, slots=(SlotAsk(slot),), **rest), author="ada")
        return self.previews.answer(self.previews.read(link.token), ask or PreviewAsk(raw=RawRequest()))


@pytest.fixture
def bench(sqlite_store: Store) -> Bench:
    publish(sqlite_store, SITE)
    yesterday = NOW - timedelta(days=1)
    put(
        sqlite_store,
        entry("a", title="A", published_at=yesterday),
        entry("b", title="B", published_at=NOW - timedelta(days=2)),
    )
    return _bench(sqlite_store)


def _bench(store: Store, models: Any = None) -> Bench:
    cms, site = MemorySource(), service(store, models)
    previews = Previews(
        tokens=PreviewTokens("k" * 32),
        drafts=Drafts(["cms"], lambda _name: cms, monotonic=time.monotonic),
        sites=site.sites,
        personalization=site.personalization,
        writer=AnswerWriter(DecisionTokens("k" * 32), lambda _block, _hints: "<p>"),
        public_url="https://tessera.example",
        clock=site.clock,
        monotonic=site.clock.monotonic,
    )
    return Bench(cms, site, previews, store)


def test_a_draft_stands_in_for_what_is_published_in_this_answer_only(bench: Bench) -> None:
    bench.save(draft("a", "A, better"))
    assert bench.shown(A) == ["A, better", "B"]
    public = bench.site.personalization.answer(ask("feed"))
    assert [block.fields["title"] for block in public.settled.decisions[0][1].blocks] == ["A", "B"]


def test_what_was_never_published_is_shown_first_as_it_would_be(bench: Bench) -> None:
    bench.save(draft("new", "New", published_at=None))
    assert bench.shown(DraftRef("cms", "new")) == ["New", "A", "B"]


def test_a_draft_in_one_language_replaces_only_that(bench: Bench) -> None:
    put(bench.store, entry("l", locale="fr", title="L, fr"), entry("l", locale="en", title="L, en"))
    bench.save(draft("l", "L, brouillon", locale="fr"))
    ref = DraftRef("cms", "l", "fr")
    french = PreviewAsk(raw=RawRequest(body={"locale": "fr"}))
    english = PreviewAsk(raw=RawRequest(body={"locale": "en"}))
    assert "L, brouillon" in bench.shown(ref, ask=french)
    assert "L, en" in bench.shown(ref, ask=english)


def test_the_rules_decide_as_they_do_for_everybody(bench: Bench) -> None:
    bench.save(draft("a", "For the rich", tags=("audience:rich",)))
    assert bench.shown(A) == ["B"]
    assert bench.shown(A, attributes={"custom.cart": 90}) == ["For the rich", "B"]
    assert bench.shown(A, segments=("rich",)) == ["For the rich", "B"]
    told = PreviewAsk(raw=RawRequest(body={"custom": {"cart": 90}}))
    assert bench.shown(A, ask=told) == ["For the rich", "B"]
    assert bench.shown(A, ask=told, attributes={"custom.cart": 1}) == ["B"], "the link's facts win"


def test_dates_do_not_hide_a_draft_unless_the_link_is_for_a_moment(bench: Bench) -> None:
    start, end = NOW + timedelta(days=3), NOW + timedelta(days=5)
    bench.save(draft("a", "Soon", published_at=start, expires_at=end))
    assert bench.shown(A) == ["Soon", "B"]

    def at(moment: datetime) -> list[str]:
        return bench.shown(A, at=moment)

    assert at(NOW + timedelta(days=1)) == ["B"]
    assert at(NOW + timedelta(days=4)) == ["Soon", "B"]
    assert at(end) == ["B"]


def test_nothing_is_counted_and_nothing_can_be(bench: Bench) -> None:
    visitor = PreviewAsk(raw=RawRequest(visitor={"id": "v-1"}))
    bench.save(draft("a", "A, better"))
    for _ in range(3):
        found = bench.answer(A, slot="capped", ask=visitor)
        assert [block["id"] for block in found["slots"]["capped"]["blocks"]] == ["a"], "the cap is not used up"
        assert found["decision_id"] is None
        assert "decision_token" not in found["slots"]["capped"]


def test_the_answer_says_what_became_of_each_draft(bench: Bench) -> None:
    bench.save(draft("a", "A, better", locale=None), draft("zzz", "Z", locale="fr"))
    entries = (A, DraftRef("cms", "zzz", "fr"))
    request = PreviewRequest(entries=entries, slots=(SlotAsk("feed"),), life=timedelta(hours=1))
    link = bench.previews.create(request, author="ada")
    del bench.cms.drafts[Key("zzz", "fr")]
    found = bench.previews.answer(bench.previews.read(link.token), PreviewAsk(raw=RawRequest()))
    assert found["preview"] == {
        "expires_at": "2026-11-21T13:00:00Z",
        "entries": [
            {"source": "cms", "id": "a", "locale": None, "shown": "draft", "detail": None},
            {"source": "cms", "id": "zzz", "locale": "fr", "shown": "published", "detail": "zzz: no such entry"},
        ],
    }
    assert found["degraded"] == ["draft:cms/zzz"]


def test_where_the_cms_fails_what_is_published_stands_and_is_degraded(bench: Bench) -> None:
    bench.cms.down = Unavailable("down")
    found = bench.answer(A)
    assert [block["fields"]["title"] for block in found["slots"]["feed"]["blocks"]] == ["A", "B"]
    assert found["degraded"] == ["draft:cms/a"]


def test_a_change_is_seen_after_the_time_that_one_page_takes(bench: Bench) -> None:
    bench.save(draft("a", "one"))
    link = bench.previews.create(PreviewRequest(entries=(A,), slots=(SlotAsk("feed"),)), author="ada")

    def shown() -> list[str]:
        found = bench.previews.answer(bench.previews.read(link.token), PreviewAsk(raw=RawRequest()))
        return [block["fields"]["title"] for block in found["slots"]["feed"]["blocks"]]

    assert shown() == ["one", "B"]
    asked = len(bench.cms.asked)
    bench.save(draft("a", "two"))
    assert shown() == ["one", "B"]
    assert len(bench.cms.asked) == asked
    bench.site.clock.move(FRESH_S)
    assert shown() == ["two", "B"]


def test_what_is_published_meanwhile_is_seen_at_once(bench: Bench) -> None:
    bench.save(draft("a", "A, better"))
    bench.shown(A)
    put(bench.store, entry("b", title="B, newer"))
    bench.site.sites.refresh()
    assert bench.shown(A) == ["A, better", "B, newer"]


def test_models_are_asked_anew_and_their_scores_stay_apart(sqlite_store: Store) -> None:
    publish(sqlite_store, a_site(slots=[{"id": "feed", "limit": 5, "blend": {"model": {"name": "m"}}}]))
    put(sqlite_store, entry("a", title="A"), entry("b", title="B"))
    model = ByHand()
    bench = _bench(sqlite_store, {"m": model})
    bench.save(draft("a", "A, better"))
    bench.answer(A)
    bench.site.personalization.answer(ask("feed"))
    assert len(model.asked) == 2


def test_explaining_needs_no_more_than_the_link(bench: Bench) -> None:
    bench.save(draft("a", "A, better"))
    found = bench.answer(A, ask=PreviewAsk(raw=RawRequest(), explain=True, render="both"))
    assert found["slots"]["feed"]["trace"]
    assert found["slots"]["feed"]["blocks"][0]["html"] == "<p>"


def test_a_link_names_what_there_is(bench: Bench) -> None:
    request = PreviewRequest(
        entries=(DraftRef("cns", "a"), A), slots=(SlotAsk("fed"),), at=NOW.replace(year=9990), life=timedelta(hours=1)
    )
    with pytest.raises(ValidationFailed) as caught:
        bench.previews.create(request, author="ada")
    assert [(one.pointer, one.detail) for one in caught.value.errors] == [
        ("/entries/0/source", "no source 'cns'; did you mean 'cms'?"),
        ("/slots/0/id", "no slot 'fed'; did you mean 'feed'?"),
        ("/at", "a moment of the years 1900 to 8999"),
    ]


def test_a_source_that_shows_no_drafts_is_said_when_the_link_is_made(bench: Bench) -> None:
    bench.cms.previews = False
    with pytest.raises(ValidationFailed, match="shows no drafts"):
        bench.previews.create(PreviewRequest(entries=(A,)), author="ada")


def test_there_is_no_link_for_an_entry_that_the_cms_does_not_have(bench: Bench) -> None:
    bench.save(draft("a", "A"))
    request = PreviewRequest(entries=(A, A, DraftRef("cms", "zzz"), DraftRef("cms", "a", None, "page")))
    with pytest.raises(ValidationFailed) as caught:
        bench.previews.create(request, author="ada")
    assert [(one.pointer, one.detail) for one in caught.value.errors] == [
        ("/entries/2/id", "there is nothing to show: zzz: no such entry"),
        ("/entries/3/id", "there is nothing to show: a: no such entry"),
    ]


@pytest.mark.parametrize("fault", [Unavailable("down"), AuthError("the token is over")])
def test_a_cms_that_cannot_be_asked_is_no_reason_for_no_link(bench: Bench, fault: CmsError) -> None:
    bench.cms.down = fault
    link = bench.previews.create(PreviewRequest(entries=(A, B, A)), author="ada")
    assert bench.previews.read(link.token).entries == (A, B)
    said = "whether there is such an entry is not known: the CMS cannot be read now"
    assert [(one.pointer, one.detail) for one in link.errors] == [(f"/entries/{n}/id", said) for n in range(3)]


def test_a_link_leads_to_the_answer_or_to_a_page_of_the_site(bench: Bench) -> None:
    bench.save(draft("a", "A"))
    link = bench.previews.create(PreviewRequest(entries=(A,)), author="ada")
    assert link.url == f"https://tessera.example/v1/preview?token={link.token}"
    assert link.expires_at == NOW + timedelta(days=1)
    page = "https://shop.example/home?preview=old&lang=fr#top"
    link = bench.previews.create(PreviewRequest(entries=(A,), page=page), author="ada")
    assert link.url == f"https://shop.example/home?lang=fr&preview={link.token}#top"
    assert link.token not in repr(link)


def test_an_expired_link_and_unknown_slots_are_refused(bench: Bench) -> None:
    bench.save(draft("a", "A"))
    link = bench.previews.create(PreviewRequest(entries=(A,), life=timedelta(minutes=5)), author="ada")
    preview = bench.previews.read(link.token)
    with pytest.raises(ValidationFailed, match="name the slots"):
        bench.previews.answer(preview, PreviewAsk(raw=RawRequest()))
    with pytest.raises(UnknownSlots):
        bench.previews.answer(preview, PreviewAsk(raw=RawRequest(), asks=(SlotAsk("nowhere"),)))
    bench.site.clock.move(300)
    with pytest.raises(Forbidden):
        bench.previews.read(link.token)


def test_many_links_do_not_fill_the_memory(bench: Bench) -> None:
    for number in range(30):
        bench.save(draft(f"n{number}", "N"))
        bench.answer(DraftRef("cms", f"n{number}"))
    assert len(bench.previews._built) <= 8
    assert len(bench.previews._read) <= 8


def test_the_reference_is_the_same_whatever_order_a_link_names_entries_in(bench: Bench) -> None:
    bench.save(draft("a", "A1"), draft("b", "B1"))
    assert bench.shown(A, B) == bench.shown(B, A) == ["A1", "B1"]
    assert Key("a", None) in bench.cms.drafts
