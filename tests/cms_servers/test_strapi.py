"""A real Strapi, driven through its admin API: what the adapter makes of it, and what its own webhook brings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Any

import pytest

from adapters import registry
from adapters.cms.hooks import Hook, HookRequest, Notice, Unsigned
from adapters.cms.port import AuthError, BadResponse, Entry, Key, NotFound, Source, digest
from adapters.runtime import Runtime
from tests.cms_servers.strapi_editor import Editor
from tests.cms_servers.strapi_site import Strapi, running
from tests.contract.http_server import Reply, Request, serve

TOKEN = "shared-secret-of-the-webhook"
QUIET_S = 1.0
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'></svg>"


@pytest.fixture(scope="module", params=[5, 4], ids=["strapi-5", "strapi-4"])
def strapi(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strapi]:
    with running(tmp_path_factory.mktemp("strapi") / "site", request.param) as site:
        yield site


@pytest.fixture(scope="module")
def sent(strapi: Strapi) -> Iterator[Queue[Request]]:
    """The webhook requests that Strapi sends, from when it is first asked for."""
    arrived: Queue[Request] = Queue()

    def answer(request: Request) -> Reply:
        arrived.put(request)
        return Reply(202)

    with serve(answer) as url:
        strapi.announce_to(f"{url}/webhooks/cms/site", {"Authorization": f"Bearer {TOKEN}"})
        yield arrived


@pytest.fixture
def editor(strapi: Strapi) -> Editor:
    return Editor(strapi)


@pytest.fixture
def opened(strapi: Strapi) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings: dict[str, object] = {
            "url": strapi.url,
            "token": strapi.token,
            "version": strapi.version,
            "types": ["articles"],
            "locales": ["en", "fr"],
            "related": ["tags"],
            "type_field": "kind",
            "allow_private": True,
        }
        made.append(registry.cms("strapi")({**settings, **options}, Runtime.system()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


@pytest.fixture
def source(opened: Callable[..., Source]) -> Source:
    return opened()


@pytest.fixture
def hook() -> Hook:
    return registry.hook("strapi")({"token": TOKEN}, Runtime.system())


def notices(sent: Queue[Request], hook: Hook) -> set[Notice]:
    """What arrives until Strapi has been quiet for a while."""
    found: set[Notice] = set()
    while True:
        try:
            request = sent.get(timeout=QUIET_S)
        except Empty:
            return found
        found.update(hook.read(HookRequest(request.method, request.path, request.headers, request.body), time.time()))


class State:
    """What a caller holds who applies every answer."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.entries: dict[Key, Entry] = {}
        self.cursor: str | None = None
        self.sync()

    def sync(self) -> set[Key]:
        """Applies what changed; the keys of what came or went."""
        changes = self.source.changes(self.cursor)
        assert not changes.problems
        gone = changes.gone(self.entries)
        before = dict(self.entries)
        for key in gone:
            del self.entries[key]
        self.entries.update((entry.key, entry) for entry in changes.entries)
        self.cursor = changes.cursor
        return gone | {entry.key for entry in changes.entries if _content(before.get(entry.key)) != _content(entry)}

    def title(self, key: Key) -> Any:
        return self.entries[key].fields["title"]


def _content(entry: Entry | None) -> str | None:
    """Without its version: Strapi 4 saves all localizations when one is published."""
    return digest(entry) if entry else None


def test_a_published_article_comes_whole_and_a_draft_only_when_asked_for(
    strapi: Strapi, editor: Editor, source: Source
) -> None:
    vip, food = editor.tag("audience:vip"), editor.tag("topic:food")
    file = strapi.upload("cover.svg", SVG, "image/svg+xml")
    body = [{"type": "paragraph", "children": [{"type": "text", "text": "Café ☕", "bold": True}]}]
    hero = editor.published("Hero", vip, food, kind="hero", body=body, cover=file["id"], audience={"segments": ["a"]})
    idea = editor.draft("Idea", vip)
    state = State(source)
    entry = state.entries[Key(hero.id, "en")]
    assert (entry.type, entry.tags) == ("hero", ("audience:vip", "topic:food"))
    assert entry.fields["title"] == "Hero"
    assert entry.fields["body_html"] == "<p><strong>Café ☕</strong></p>"
    assert entry.fields["audience"] == {"segments": ["a"]}
    cover: Any = entry.fields["cover"]
    assert cover["url"] == strapi.url + file["url"]
    assert {link.depends_on for link in entry.links if link.kind == "term"} == {vip.id, food.id}
    assert not {"attributes", "data", "localizations", "publishedAt"} & set(entry.fields)
    assert source.fetch(hero.id, "en") == entry

    assert Key(idea.id, "en") not in state.entries
    with pytest.raises(NotFound):
        source.fetch(idea.id, "en")
    draft = source.draft(idea.id, "en")
    assert (draft.id, draft.fields["title"], draft.published_at, draft.tags) == (
        idea.id, "Idea", None, ("audience:vip",),
    )  # fmt: skip
    with pytest.raises(NotFound):
        source.fetch(hero.id, "de")


def test_every_step_of_an_editor_is_seen_by_the_next_sync_and_nothing_else(editor: Editor, source: Source) -> None:
    other, article = editor.published("Other"), editor.draft("One")
    state = State(source)
    key = Key(article.id, "en")
    assert key not in state.entries
    editor.publish(article)
    assert state.sync() == {key}
    editor.change(article, title="Two")
    assert state.sync() == {key}
    assert state.title(key) == "Two"
    editor.unpublish(article)
    assert state.sync() == {key}
    assert key not in state.entries
    editor.publish(article)
    assert state.sync() == {key}
    editor.delete(article)
    assert state.sync() == {key}
    assert state.sync() == set()
    assert Key(other.id, "en") in state.entries
    assert state.entries == State(source).entries


def test_a_draft_saved_long_before_its_publication_is_not_missed(editor: Editor, opened: Callable[..., Source]) -> None:
    article = editor.published("Before")
    if editor.site.version == 4:
        editor.unpublish(article)  # there a save of what is published is published
    editor.save(article, title="Saved early")
    editor.published("In between")
    state = State(opened(overlap_s=0))
    editor.publish_in_bulk(article)
    assert state.sync() == {Key(article.id, "en")}
    assert state.title(Key(article.id, "en")) == "Saved early"


def test_translations_share_one_identity_whatever_becomes_of_the_original(editor: Editor, source: Source) -> None:
    article = editor.published("Hello")
    french = editor.translate(article, "Salut")
    state = State(source)
    english_key, french_key = Key(article.id, "en"), Key(article.id, "fr")
    assert english_key in state.entries
    assert french_key not in state.entries, "not published, and no copy of the English in its place"
    with pytest.raises(NotFound):
        source.fetch(article.id, "fr")
    assert source.draft(article.id, "fr").fields["title"] == "Salut"
    editor.publish(french)
    assert state.sync() == {french_key}
    assert state.title(french_key) == "Salut"
    editor.unpublish(article)
    assert state.sync() == {english_key}
    assert source.fetch(article.id, "fr").fields["title"] == "Salut"
    assert state.entries == State(source).entries
    editor.delete(french)
    assert state.sync() == {french_key}


def test_deleting_the_original_leaves_its_translation(editor: Editor, source: Source) -> None:
    article = editor.published("Hello")
    french = editor.translate(article, "Salut")
    editor.publish(french)
    state = State(source)
    editor.delete(article)
    state.sync()
    (left,) = [entry for entry in state.entries.values() if entry.fields["title"] == "Salut"]
    assert left.locale == "fr"
    assert left.id == (article.id if editor.site.version == 5 else f"articles:{french.address}")
    assert state.entries == State(source).entries


def test_a_renamed_and_a_deleted_tag_are_seen_though_no_article_is_touched(editor: Editor, source: Source) -> None:
    tag = editor.tag("audience:old")
    article = editor.published("Tagged", tag)
    state = State(source)
    key = Key(article.id, "en")
    editor.rename_tag(tag, "audience:new")
    assert state.sync() == {key}
    assert state.entries[key].tags == ("audience:new",)
    editor.delete_tag(tag)
    assert state.sync() == {key}
    assert state.entries[key].tags == ()


def test_more_than_a_page_comes_whole(editor: Editor, opened: Callable[..., Source]) -> None:
    wanted = {editor.published(f"Page {n}").id for n in range(7)}
    state = State(opened(page_size=3))
    assert wanted <= {key.id for key in state.entries}
    assert state.entries == State(opened(page_size=100)).entries


def test_its_webhook_names_what_to_fetch(
    editor: Editor, source: Source, sent: Queue[Request], hook: Hook, strapi: Strapi
) -> None:
    notices(sent, hook)
    tag = editor.tag("topic:webhook")
    assert {notice._replace(version=None) for notice in notices(sent, hook)} == {Notice(tag.id, None, "tags")}
    article = editor.draft("Announced", tag)
    named = {Notice(article.id, "en", "articles") if strapi.version == 5 else Notice(None)}
    assert notices(sent, hook) == named, "a draft is told like anything else"
    with pytest.raises(NotFound):
        source.fetch(article.id, "en", content_type="articles")
    editor.publish(article)
    heard = notices(sent, hook)
    assert {notice._replace(version=None) for notice in heard} == named
    entry = source.fetch(article.id, "en", content_type="articles")
    assert entry.tags == ("topic:webhook",)
    if strapi.version == 5:
        assert {notice.version for notice in heard} - {None} == {entry.version}, "announced as the API shows it"
    editor.unpublish(article)
    assert notices(sent, hook) == named
    with pytest.raises(NotFound):
        source.fetch(article.id, "en", content_type="articles")
    editor.delete(article)
    assert notices(sent, hook) == named


def test_a_tag_and_a_file_are_named_as_the_links_of_their_articles_name_them(
    editor: Editor, source: Source, sent: Queue[Request], hook: Hook, strapi: Strapi
) -> None:
    tag, file = editor.tag("topic:linked"), strapi.upload("linked.svg", SVG, "image/svg+xml")
    article = editor.published("Linked", tag, cover=file["id"])
    links = {link.depends_on for link in source.fetch(article.id, "en").links}
    notices(sent, hook)
    editor.rename_tag(tag, "topic:renamed")
    (renamed,) = notices(sent, hook)
    editor.delete_tag(tag)
    (deleted,) = notices(sent, hook)
    strapi.session.delete(f"{strapi.url}/upload/files/{file['id']}", timeout=30).raise_for_status()
    (removed,) = notices(sent, hook)
    assert renamed._replace(version=None) == deleted, "a deletion announces no version"
    assert links == {renamed.id, removed.id}


def test_a_webhook_with_another_token_is_refused(editor: Editor, sent: Queue[Request], strapi: Strapi) -> None:
    editor.tag("topic:forged")
    request = sent.get(timeout=10)
    other = registry.hook("strapi")({"token": "another-secret-altogether"}, Runtime.system())
    with pytest.raises(Unsigned):
        other.read(HookRequest(request.method, request.path, request.headers, request.body), time.time())


def test_a_wrong_token_and_a_wrong_type_are_told_apart(opened: Callable[..., Source]) -> None:
    opened().ping()
    with pytest.raises(AuthError):
        opened(token="0" * 256).ping()
    with pytest.raises(BadResponse, match="nonsuch: status 404"):
        opened(types=["nonsuch"]).ping()
