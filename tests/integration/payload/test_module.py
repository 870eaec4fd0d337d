"""Our module in a running Payload: what it announces, when, and what happens where nobody listens."""

from __future__ import annotations

import subprocess
import time

import pytest

from adapters.cms.hooks import Notice
from adapters.cms.payload import MODULE
from adapters.cms.port import NotFound, Source
from adapters.cms.signed import sign
from tests.integration.payload.conftest import Listener
from tests.integration.payload.server import SECRET, Editor
from tests.servers import program
from tests.waiting import allowed

pytestmark = pytest.mark.server

PUBLISHED = {"_status": "published"}


def run(script: str) -> str:
    """What a script prints that has the module as `made`."""
    code = f"import * as made from {str(MODULE)!r}\n{script}"
    command = [program("node"), "--input-type=module", "--eval", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout.strip()


def test_its_signature_is_ours() -> None:
    made = run(f"console.log(made.sign('{{\"a\": \"é\"}}', '{SECRET}', 1780000000999))")
    assert made == sign('{"a": "é"}'.encode(), SECRET, 1_780_000_000.999)


def test_a_bad_configuration_is_refused_where_the_site_starts() -> None:
    good = "{url: 'https://t.example/x', secret: 'sixteen letters!', collections: ['a']}"
    config = "{collections: [{slug: 'a'}]}"
    for change, words in (
        ("{url: 'tessera'}", "url: want"),
        ("{secret: 'short'}", "secret: want"),
        ("{collections: []}", "collections: want"),
        ("{ids: 'x'}", "ids: want"),
        ("{collections: ['b']}", "no collection is called b"),
    ):
        call = f"made.tessera({{...{good}, ...{change}}})({config})"
        assert words in run(f"try {{ {call} }} catch (fault) {{ console.log(fault.message) }}")


def test_hooks_that_were_there_stay() -> None:
    options = "{url: 'https://t.example/x', secret: 'sixteen letters!', collections: ['a']}"
    config = "{admin: 1, collections: [{slug: 'a', hooks: {afterChange: ['own'], afterRead: ['r']}}, {slug: 'b'}]}"
    made = run(f"console.log(JSON.stringify(made.tessera({options})({config}), (k, v) => v?.call ? 'ours' : v))")
    hooks = '{"afterChange":["own","ours"],"afterRead":["r"],"afterDelete":["ours"]}'
    assert made == f'{{"admin":1,"collections":[{{"slug":"a","hooks":{hooks}}},{{"slug":"b"}}]}}'


def test_what_is_announced_can_be_read_at_once(editor: Editor, listener: Listener, source: Source) -> None:
    """The site uses transactions: its hooks run before the commit, and the notice comes after it."""
    seen: list[str] = []

    def look(notice: Notice) -> None:
        try:
            entry = source.fetch(str(notice.id), "en")
        except NotFound:
            seen.append("nothing")
            assert notice.version is None
        else:
            seen.append(str(entry.fields["title"]))
            versions.append((notice.version, entry.version))

    versions: list[tuple[object, object]] = []

    listener.meanwhile = look
    number = editor.create("articles", {"title": "Version 0", **PUBLISHED})["id"]
    entry_id = f"articles.{number}"
    assert listener.wait_for(entry_id)._replace(version=None) == Notice(entry_id, None, "articles")
    for version in range(1, 6):
        editor.update("articles", number, {"title": f"Version {version}", **PUBLISHED})
        listener.wait_for(entry_id, times=version + 1)
    editor.delete("articles", number)
    listener.wait_for(entry_id, times=7)
    assert seen == [*(f"Version {version}" for version in range(6)), "nothing"]
    assert len(versions) == 6
    assert all(announced == shown for announced, shown in versions), "announced as the API shows it"


def test_a_draft_over_what_is_published_announces_no_version_and_hides_none(
    editor: Editor, listener: Listener, source: Source
) -> None:
    number = editor.create("articles", {"title": "Live", **PUBLISHED})["id"]
    entry_id = f"articles.{number}"
    published = listener.wait_for(entry_id).version
    editor.update("articles", number, {"title": "Reworded"}, query="draft=true")
    assert listener.wait_for(entry_id, times=2).version is None
    assert source.fetch(entry_id, "en").version == published
    editor.update("articles", number, {"title": "Live again", **PUBLISHED})
    editor.update("articles", number, {"title": "Reworded at once"}, query="draft=true")
    listener.wait_for(entry_id, times=3)  # of both, where they fell into the moment in which notices are gathered
    assert source.fetch(entry_id, "en").version in {one.version for one in listener.notices if one.id == entry_id}


def test_every_step_of_a_document_is_announced(editor: Editor, listener: Listener) -> None:
    number = editor.create("articles", {"title": "Steps", "_status": "draft"})["id"]
    steps = [
        lambda: editor.update("articles", number, PUBLISHED),
        lambda: editor.update("articles", number, {"title": "Steppes"}, query="draft=true"),
        lambda: editor.update("articles", number, {"_status": "draft"}),
        lambda: editor.update("articles", number, {"slug": "steppes", **PUBLISHED}),
        lambda: editor.delete("articles", number),
    ]
    listener.wait_for(f"articles.{number}")
    for times, step in enumerate(steps, 2):
        step()
        listener.wait_for(f"articles.{number}", times)


def test_tags_and_files_are_announced_by_their_own_identity(editor: Editor, listener: Listener) -> None:
    tag = editor.create("tags", {"name": "fresh"})["id"]
    assert listener.wait_for(f"tags.{tag}")._replace(version=None) == Notice(f"tags.{tag}", None, "tags")
    editor.delete("tags", tag)
    listener.wait_for(f"tags.{tag}", times=2)


def test_an_autosave_is_not_announced(editor: Editor, listener: Listener) -> None:
    number = editor.create("articles", {"title": "Typing", **PUBLISHED})["id"]
    other = editor.create("articles", {"title": "Other", **PUBLISHED})["id"]
    listener.wait_for(f"articles.{number}")
    listener.wait_for(f"articles.{other}")
    listener.forget()
    editor.update("articles", number, {"title": "Typin", "_status": "draft"}, query="draft=true&autosave=true")
    editor.update("articles", other, {"title": "Done", **PUBLISHED})
    listener.wait_for(f"articles.{other}")
    assert {notice.id for notice in listener.notices} == {f"articles.{other}"}


def test_a_bulk_edit_is_announced_whole(editor: Editor, listener: Listener) -> None:
    numbers = [editor.create("articles", {"title": "Bulk", "kind": "banner", **PUBLISHED})["id"] for _ in range(8)]
    for number in numbers:
        listener.wait_for(f"articles.{number}")
    listener.forget()
    query = "where[kind][equals]=banner"
    answer = editor.session.patch(f"{editor.url}/api/articles?{query}", json={"priority": 5}, timeout=90)
    assert answer.status_code == 200, answer.text
    for number in numbers:
        listener.wait_for(f"articles.{number}")


def test_a_notice_that_is_not_accepted_comes_again_and_the_save_waits_for_neither(
    editor: Editor, listener: Listener
) -> None:
    listener.statuses = [503, 500, 429]
    begun = time.monotonic()
    number = editor.create("articles", {"title": "Patience", **PUBLISHED})["id"]
    took = time.monotonic() - begun
    listener.wait_for(f"articles.{number}")
    assert len(listener.requests) == 4
    assert len({request.body for request in listener.requests}) == 1
    assert took < allowed(5)


def test_a_notice_that_is_refused_for_good_is_not_repeated(editor: Editor, listener: Listener) -> None:
    listener.statuses = [401]
    refused = editor.create("articles", {"title": "Refused", **PUBLISHED})["id"]
    deadline = time.monotonic() + 10
    while not listener.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    accepted = editor.create("articles", {"title": "Accepted", **PUBLISHED})["id"]
    listener.wait_for(f"articles.{accepted}")
    time.sleep(0.5)
    assert f"articles.{refused}" not in {notice.id for notice in listener.notices}


def test_what_was_rolled_back_leaves_the_site_as_it_was(editor: Editor, source: Source) -> None:
    number = editor.create("articles", {"title": "Only one", "slug": "only-one", **PUBLISHED})["id"]
    place = f"{editor.url}/api/articles"
    answer = editor.session.post(place, json={"title": "Two", "slug": "only-one", **PUBLISHED}, timeout=90)
    assert answer.status_code == 400
    assert source.fetch(f"articles.{number}", "en").fields["title"] == "Only one"
