"""Reading drafts while somebody waits: what goes wrong is said, and nobody waits longer than the patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.cms.port import AuthError, BadResponse, CmsError, Entry, Key, RateLimited, Unavailable
from plugin.errors import ServiceUnavailable
from plugin.service.previews.drafts import Drafted, Drafts
from plugin.service.previews.tokens import DraftRef
from tests.unit.adapters.cms.memory import MemorySource
from tests.waiting import allowed


def entry(id_: str, locale: str | None = None) -> Entry:
    return Entry(id=id_, locale=locale, type="hero", tags=(), fields={}, published_at=None)


class SlowSource(MemorySource):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.begun = threading.Event()

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        self.begun.set()
        assert self.let.wait(90)
        return super().draft(entry_id, locale, content_type=content_type)


@pytest.fixture
def slow() -> Iterator[SlowSource]:
    made = SlowSource()
    yield made
    made.let.set()


def drafts(patience_s: float = 5, **sources: MemorySource) -> Drafts:
    return Drafts(list(sources), sources.__getitem__, monotonic=time.monotonic, patience_s=patience_s)


def test_drafts_of_several_sources_come_in_the_order_asked() -> None:
    one, two = MemorySource(), MemorySource()
    for source, name in ((one, "a"), (one, "b"), (two, "c")):
        source.drafts[Key(name, None)] = entry(name)
    refs = [DraftRef("one", "b"), DraftRef("two", "c"), DraftRef("one", "a"), DraftRef("two", "missing")]
    found = drafts(one=one, two=two).read(refs)
    assert [drafted.ref for drafted in found] == refs
    assert [drafted.entry and drafted.entry.id for drafted in found] == ["b", "c", "a", None]
    assert found[3].detail == "missing: no such entry"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Unavailable("https://cms.internal:8443 refuses"), "the CMS cannot be read now"),
        (RateLimited("slowly", 3), "the CMS cannot be read now"),
        (AuthError("the token ends with 1234"), "the CMS cannot be read now"),
        (BadResponse("hero/a: the field ends_at is no date (mapping.ends_at)"), "hero/a: the field ends_at is no date"),
    ],
)
def test_a_failing_cms_is_told_without_what_is_nobodys_business(fault: CmsError, said: str) -> None:
    (found,) = drafts(cms=MemorySource(down=fault)).read([DraftRef("cms", "a")])
    assert found.entry is None
    assert (found.detail or "").startswith(said)
    assert "internal" not in (found.detail or "")


def test_a_fault_in_an_adapter_is_no_fault_of_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemorySource):
        def draft(self, *_: Any, **__: Any) -> Entry:
            raise RuntimeError("secret")

    (found,) = drafts(cms=Broken()).read([DraftRef("cms", "a")])
    assert found == Drafted(DraftRef("cms", "a"), None, "the CMS cannot be read; see the log")
    assert "RuntimeError" in caplog.text


def test_nobody_waits_longer_than_the_patience_and_the_others_still_come(slow: SlowSource) -> None:
    quick = MemorySource(drafts={Key("a", None): entry("a")})
    reader = drafts(0.2, slow=slow, quick=quick)
    began = time.monotonic()
    found = reader.read([DraftRef("slow", "a"), DraftRef("quick", "a")])
    assert time.monotonic() - began < allowed(2)
    assert [drafted.detail for drafted in found] == ["the CMS did not answer in time", None]
    (again,) = reader.read([DraftRef("slow", "a")])
    assert again.entry is None, "the source is used by one thread at a time"


def test_a_slow_source_answers_again_once_it_is_done(slow: SlowSource) -> None:
    slow.drafts[Key("a", None)] = entry("a")
    reader = drafts(0.2, cms=slow)
    assert reader.read([DraftRef("cms", "a")])[0].entry is None
    slow.let.set()
    deadline = time.monotonic() + 5
    while reader.read([DraftRef("cms", "a")])[0].entry is None:
        assert time.monotonic() < deadline


def test_a_source_that_is_no_longer_configured_is_said() -> None:
    (found,) = drafts(cms=MemorySource()).read([DraftRef("gone", "a")])
    assert found.detail == "the source 'gone' is no longer configured"


def test_a_source_is_opened_once_and_closed_with_the_reader() -> None:
    opened: list[MemorySource] = []

    def open_source(_name: str) -> MemorySource:
        opened.append(MemorySource())
        return opened[-1]

    reader = Drafts(["cms"], open_source, monotonic=time.monotonic)
    assert opened == [], "nothing before it is asked for"
    assert reader.previews("cms")
    reader.read([DraftRef("cms", "a")])
    reader.close()
    assert [source.closed for source in opened] == [True]
    assert reader.read([DraftRef("cms", "a")])[0].detail == "the CMS cannot be read now"
    reader.close()
    assert len(opened) == 1, "nothing is opened again"


def test_a_source_is_closed_after_what_it_does_for_somebody(slow: SlowSource) -> None:
    slow.drafts[Key("a", None)] = entry("a")
    reader = drafts(cms=slow)
    found: list[Drafted] = []
    asking = threading.Thread(target=lambda: found.extend(reader.read([DraftRef("cms", "a")])))
    asking.start()
    assert slow.begun.wait(90)
    closing = threading.Thread(target=reader.close)
    closing.start()
    closing.join(0.1)
    assert (closing.is_alive(), slow.closed) == (True, False)
    slow.let.set()
    closing.join(90)
    asking.join(90)
    assert slow.closed
    assert found[0].entry is not None


def test_a_source_that_answers_nobody_or_cannot_be_closed_keeps_no_other_open(
    slow: SlowSource, caplog: pytest.LogCaptureFixture
) -> None:
    class Torn(MemorySource):
        def close(self) -> None:
            raise OSError("torn")

    well = MemorySource()
    reader = drafts(patience_s=0.1, slow=slow, torn=Torn(), well=well)
    reader.read([DraftRef(name, "a") for name in ("slow", "torn", "well")])
    reader.close()
    assert (slow.closed, well.closed) == (True, True)
    assert "the source torn cannot be closed" in caplog.text


def test_a_source_that_cannot_be_opened_is_unavailable() -> None:
    def refuse(_name: str) -> MemorySource:
        raise BadResponse("token xyz is bad")

    with pytest.raises(ServiceUnavailable) as caught:
        Drafts(["cms"], refuse, monotonic=time.monotonic).previews("cms")
    assert "xyz" not in str(caught.value)
