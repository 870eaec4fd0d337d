"""The adapter and the plugin against a running WordPress: what editors do there, and what is seen of it here."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from adapters import registry
from adapters.cms.hooks import HookRequest, Notice
from adapters.cms.port import AuthError, Entry, Key, Link, NotFound, Source, Unavailable
from adapters.cms.wordpress.site import Site
from adapters.runtime import Runtime
from tests.cms_servers.wordpress_site import SECRET, WordPress, marker, wordpress
from tests.contract.http_server import Reply, Request, serve

# One transparent pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass
class Receiver:
    """Takes the plugin's requests, verifies them, and can be away; keeps notices and announced versions apart."""

    status: int = 202
    requests: list[Request] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    versions: dict[str | None, object] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Reply:
        hook = registry.hook("wordpress")({"secret": SECRET}, Runtime.system())
        came = HookRequest(request.method, request.path, request.headers, request.body)
        with self._lock:
            self.requests.append(request)
            if self.status == 202:
                for notice in hook.read(came, time.time()):
                    self.versions[notice.id] = notice.version
                    self.notices.append(notice._replace(version=None))
        return Reply(self.status)

    def expect(self, *wanted: Notice, within_s: float = 5.0) -> None:
        """Waits until all of these were announced."""
        deadline = time.monotonic() + within_s
        while not set(wanted) <= set(self.notices):
            assert time.monotonic() < deadline, f"wanted {wanted}, came {self.notices}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture(scope="module")
def site(receiver: Receiver) -> Iterator[WordPress]:
    with serve(receiver) as hook, wordpress(f"{hook}/webhooks/cms/wordpress") as running:
        yield running


@pytest.fixture
def heard(receiver: Receiver) -> Receiver:
    """The receiver, with nothing in it yet."""
    time.sleep(0.2)  # what an earlier test caused has come
    receiver.requests.clear()
    receiver.notices.clear()
    return receiver


@pytest.fixture
def opened(site: WordPress) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {
            "url": site.url,
            "username": site.username,
            "application_password": site.password,
            "types": ["posts", "heroes"],
            "allow_private": True,
            "attempts": 1,
        }
        made.append(registry.cms("wordpress")({**settings, **options}, Runtime.system()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


def publish(site: WordPress, title: str, route: str = "posts", **more: object) -> int:
    return int(site.api("POST", route, {"title": title, "content": "<p>Text</p>", "status": "publish", **more})["id"])


def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The routes that are asked from here on."""
    routes: list[str] = []
    ask = Site.ask

    def noted(self: Site, route: str, query: dict[str, str]) -> object:
        routes.append(route)
        return ask(self, route, query)

    monkeypatch.setattr(Site, "ask", noted)
    return routes


def of(entries: tuple[Entry, ...], number: int) -> Entry:
    return next(entry for entry in entries if entry.id == str(number))


def test_a_post_lives_from_draft_to_deletion(
    site: WordPress, heard: Receiver, opened: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = opened(types=["posts"])
    first = source.changes(None)
    number = int(site.api("POST", "posts", {"title": "Secret plan", "content": "x", "status": "draft"})["id"])
    second = source.changes(first.cursor)
    assert number not in {int(entry.id) for entry in second.entries}
    assert heard.notices == [], "a draft is nobody's business"
    with pytest.raises(NotFound):
        source.fetch(str(number))
    assert source.draft(str(number)).fields["title"] == "Secret plan"

    site.api("POST", f"posts/{number}", {"status": "publish"})
    heard.expect(Notice(str(number), None, "posts"))
    routes = asked(monkeypatch)
    third = source.changes(second.cursor)
    assert routes == ["posts", "posts"], "one change, two requests"
    assert of(third.entries, number).fields["title"] == "Secret plan"
    version = of(third.entries, number).version
    assert heard.versions[str(number)] == version, "announced as the API shows it"

    heard.notices.clear()
    site.api("POST", f"posts/{number}", {"title": "Known plan", "slug": "renamed"})
    heard.expect(Notice(str(number), None, "posts"))
    edited = source.fetch(str(number), content_type="posts")
    assert (edited.fields["title"], edited.fields["slug"]) == ("Known plan", "renamed")
    assert not source.spec.ordering.older(edited, version)
    fourth = source.changes(third.cursor)
    assert of(fourth.entries, number).fields["title"] == "Known plan"

    heard.notices.clear()
    site.api("POST", f"posts/{number}", {"status": "draft"})
    heard.expect(Notice(str(number), None, "posts"))
    assert heard.versions[str(number)] is None, "what is withdrawn has none"
    with pytest.raises(NotFound):
        source.fetch(str(number))
    fifth = source.changes(fourth.cursor)
    assert fifth.deleted == (Key(str(number), None),)

    site.api("POST", f"posts/{number}", {"status": "publish"})
    sixth = source.changes(fifth.cursor)
    assert of(sixth.entries, number)
    heard.notices.clear()
    site.api("DELETE", f"posts/{number}")  # to the trash
    heard.expect(Notice(str(number), None, "posts"))
    seventh = source.changes(sixth.cursor)
    assert seventh.deleted == (Key(str(number), None),)
    site.api("DELETE", f"posts/{number}", force="true")

    gone = publish(site, "Not for long")
    eighth = source.changes(seventh.cursor)
    heard.notices.clear()
    site.api("DELETE", f"posts/{gone}", force="true")
    heard.expect(Notice(str(gone), None, "posts"))
    assert source.changes(eighth.cursor).deleted == (Key(str(gone), None),)


def test_private_and_protected_posts_go_and_come_back(
    site: WordPress, heard: Receiver, opened: Callable[..., Source]
) -> None:
    number = publish(site, "For everybody")
    source = opened()
    cursor = source.changes(None).cursor
    for hidden, shown in (
        ({"status": "private"}, {"status": "publish"}),
        ({"password": "sesame"}, {"password": ""}),
    ):
        heard.notices.clear()
        site.api("POST", f"posts/{number}", hidden)
        heard.expect(Notice(str(number), None, "posts"))
        with pytest.raises(NotFound):
            source.fetch(str(number))
        changes = source.changes(cursor)
        assert changes.deleted == (Key(str(number), None),)
        assert str(number) not in {key.id for key in source.changes(None).present or ()}
        assert source.changes(changes.cursor).deleted == ()
        site.api("POST", f"posts/{number}", shown)
        changes = source.changes(changes.cursor)
        assert of(changes.entries, number)
        cursor = changes.cursor


def test_a_scheduled_post_is_seen_when_its_time_has_come_though_nothing_touched_it(
    site: WordPress, heard: Receiver, opened: Callable[..., Source]
) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    number = int(site.api("POST", "posts", {"title": "At noon", "status": "future", "date_gmt": later})["id"])
    source = opened()
    before = source.changes(None)
    assert Key(str(number), None) not in (before.present or ())
    # The hour passes: the post was saved before the overlap of the cursor, and is due now.
    site.php(f"""global $wpdb; $then = '2020-01-01 00:00:00'; $now = current_time('mysql');
        $dates = ['post_modified' => $then, 'post_modified_gmt' => $then, 'post_date' => $now,
            'post_date_gmt' => gmdate('Y-m-d H:i:s')];
        $wpdb->update($wpdb->posts, $dates, ['ID' => {number}]);
        wp_clear_scheduled_hook('publish_future_post', [{number}]);
        wp_schedule_single_event(time() - 1, 'publish_future_post', [{number}]);""")
    site.cron()
    heard.expect(Notice(str(number), None, "posts"))
    entry = of(source.changes(before.cursor).entries, number)
    assert entry.version == datetime(2020, 1, 1, tzinfo=UTC)


def test_any_type_with_its_taxonomies_and_fields(
    site: WordPress, heard: Receiver, opened: Callable[..., Source]
) -> None:
    word = marker()
    vip = site.api("POST", "segment", {"name": f"VIP {word}"})
    slot = site.api("POST", "tags", {"name": f"slot: home.{word}"})
    plain = site.api("POST", "tags", {"name": f"Café {word}"})
    number = publish(site, "Hero", "heroes", segment=[vip["id"]], tags=[slot["id"], plain["id"]], meta={"priority": 7})
    heard.expect(Notice(str(number), None, "heroes"))
    entry = opened().fetch(str(number), content_type="heroes")
    assert (entry.type, entry.locale) == ("hero", None)
    assert set(entry.tags) == {f"audience:vip-{word}", f"slot:home.{word}", f"cafe-{word}"}
    assert entry.fields["meta"] == {"priority": 7, "related": 0}
    assert Link("/terms/segment/0", "term", f"term:{vip['id']}", True, f"term:{vip['id']}") in entry.links


def test_a_renamed_and_a_deleted_term_are_announced_by_the_name_that_links_have(
    site: WordPress, heard: Receiver, opened: Callable[..., Source]
) -> None:
    word = marker()
    term = site.api("POST", "tags", {"name": f"topic:{word}"})
    number = publish(site, "Tagged", tags=[term["id"]])
    source = opened()
    assert source.fetch(str(number)).tags == (f"topic:{word}",)
    site.api("POST", f"tags/{term['id']}", {"name": f"topic:new {word}"})
    heard.expect(Notice(f"term:{term['id']}", None, None))
    entry = source.fetch(str(number))
    assert entry.tags == (f"topic:new {word}",)
    assert f"term:{term['id']}" in {link.depends_on for link in entry.links}
    heard.notices.clear()
    site.api("DELETE", f"tags/{term['id']}", force="true")
    heard.expect(Notice(f"term:{term['id']}", None, None))
    assert source.fetch(str(number)).tags == ()


def test_more_tags_than_wordpress_embeds_all_come(site: WordPress, opened: Callable[..., Source]) -> None:
    word = marker()
    tags = [site.api("POST", "tags", {"name": f"{word}-{n}"})["id"] for n in range(13)]
    number = publish(site, "Many", tags=tags)
    assert set(opened().fetch(str(number)).tags) == {f"{word}-{n}" for n in range(13)}


def test_a_featured_image_its_changes_and_a_related_post(
    site: WordPress, heard: Receiver, opened: Callable[..., Source]
) -> None:
    image = site.upload("pixel.png", PNG, "image/png")
    other = publish(site, "The other")
    number = publish(site, "With a picture", featured_media=image["id"], meta={"related": other})
    source = opened(link_fields={"meta.related": "posts"})
    entry = source.fetch(str(number))
    shown = entry.fields["featured_media"]
    assert isinstance(shown, dict)
    assert (shown["url"], shown["mime"], shown["width"]) == (image["source_url"], "image/png", 1)
    assert Link("/featured_media", "asset", image["source_url"], True, str(image["id"])) in entry.links
    related = entry.fields["meta"]
    assert isinstance(related, dict)
    assert isinstance(related["related"], dict)
    assert related["related"]["title"] == "The other"
    assert Link("/meta/related", "entry", str(other), True) in entry.links
    heard.notices.clear()
    site.api("POST", f"media/{image['id']}", {"alt_text": "One pixel"})
    heard.expect(Notice(str(image["id"]), None, "media"))
    again = source.fetch(str(number)).fields["featured_media"]
    assert isinstance(again, dict)
    assert again["alt"] == "One pixel"
    heard.notices.clear()
    site.api("DELETE", f"media/{image['id']}", force="true")
    heard.expect(Notice(str(image["id"]), None, "media"))
    assert source.fetch(str(number)).fields["featured_media"] is None, "WordPress takes it out of the post"


@pytest.mark.parametrize("permalinks", ["pretty", "plain"])
def test_of_a_parent_or_a_picture_that_is_not_public_only_the_number_is_told(
    site: WordPress, opened: Callable[..., Source], permalinks: str
) -> None:
    """A running WordPress embeds both for who may read them, without a word of their status."""
    image = site.upload("pixel.png", PNG, "image/png")
    parent = publish(site, "Secret launch", "pages")
    number = publish(site, "A page in another", "pages", parent=parent, featured_media=image["id"])
    source = opened(types=["pages"], permalinks=permalinks)
    shown = source.fetch(str(number)).fields
    assert isinstance(shown["parent"], dict)
    assert isinstance(shown["featured_media"], dict)
    assert (shown["parent"]["title"], shown["featured_media"]["url"]) == ("Secret launch", image["source_url"])
    site.api("POST", f"media/{image['id']}", {"status": "private"})
    for hidden in ({"status": "private"}, {"status": "draft"}, {"status": "publish", "password": "sesame"}):
        site.api("POST", f"pages/{parent}", hidden)
        for fields in (
            source.fetch(str(number)).fields,
            source.draft(str(number)).fields,
            of(source.changes(None).entries, number).fields,
        ):
            assert fields["parent"] == {"$ref": str(parent)}
            assert fields["featured_media"] == {"$ref": str(image["id"])}
    for route in (f"pages/{number}", f"pages/{parent}", f"media/{image['id']}"):
        site.api("DELETE", route, force="true")


def test_what_changes_without_a_save_is_announced_too(site: WordPress, heard: Receiver) -> None:
    number = publish(site, "Quiet")
    heard.expect(Notice(str(number), None, "posts"))
    for code in (
        f"update_post_meta({number}, 'priority', 9);",
        f"wp_set_object_terms({number}, ['quietly'], 'post_tag');",
        f"wp_update_user(['ID' => 1, 'display_name' => 'Ada {marker()}']);",
    ):
        heard.notices.clear()
        site.php(code)
        heard.expect(Notice("user:1") if "user" in code else Notice(str(number), None, "posts"))
    heard.notices.clear()
    site.php(f"update_post_meta({number}, '_edit_lock', '1:1'); update_option('blogname', 'Other');")
    time.sleep(0.3)
    assert heard.notices == []


def test_a_translation_is_announced_by_the_number_of_its_group(site: WordPress, heard: Receiver) -> None:
    english, french = publish(site, "Hello"), publish(site, "Salut")
    site.php(f"update_option('test_translations', [['en' => {english}, 'fr' => {french}]]);")
    heard.notices.clear()
    site.api("POST", f"posts/{french}", {"title": "Bonjour"})
    heard.expect(Notice(str(english), None, "posts"))
    heard.notices.clear()
    site.api("DELETE", f"posts/{english}", force="true")
    heard.expect(Notice(str(english), None, "posts"), Notice(str(french), None, "posts"))


def test_a_draft_shows_what_the_editor_saved_by_itself(site: WordPress, opened: Callable[..., Source]) -> None:
    number = publish(site, "As published")
    time.sleep(1.1)  # WordPress counts whole seconds
    site.api("POST", f"posts/{number}/autosaves", {"title": "As typed", "content": "<p>New</p>"})
    source = opened()
    assert source.spec.previews
    draft = source.draft(str(number), content_type="posts")
    assert (draft.fields["title"], draft.fields["content"]) == ("As typed", "<p>New</p>")
    assert source.fetch(str(number)).fields["title"] == "As published"
    raw = opened(raw=True).fetch(str(number))
    assert (raw.fields["content"], raw.fields["content_html"]) == ("<p>Text</p>", "<p>Text</p>\n")


def test_markup_is_made_safe(site: WordPress, opened: Callable[..., Source]) -> None:
    number = publish(site, "Fish &amp; chips", content="<p onclick='x()'>Hi <em>you</em><script>steal()</script></p>")
    fields = opened().fetch(str(number)).fields
    assert fields["title"] == "Fish & chips"
    assert "steal" in str(fields["content"])
    assert str(fields["content_html"]).strip() == "<p>Hi <em>you</em></p>"


def test_the_list_is_read_whole_while_posts_come_and_go(
    site: WordPress, opened: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = site.php("""$ids = []; for ($n = 0; $n < 60; $n++) { $ids[] = wp_insert_post(['post_title' => "Bulk $n",
        'post_status' => $n === 3 ? 'draft' : 'publish', 'post_type' => 'hero']); } echo implode(',', $ids);""")
    numbers = [int(one) for one in made.split(",")]
    doomed, hidden, kept = numbers[:3], numbers[3], numbers[4:]
    source = opened(types=["heroes"], page_size=20)
    routes = asked(monkeypatch)
    ask = Site.ask

    def meddle(self: Site, route: str, query: dict[str, str]) -> object:
        if len(routes) == 1:
            for number in doomed:
                site.api("DELETE", f"heroes/{number}", force="true")
            site.api("POST", f"heroes/{hidden}", {"status": "publish"})
        return ask(self, route, query)

    monkeypatch.setattr(Site, "ask", meddle)
    first = source.changes(None)
    found = [int(entry.id) for entry in first.entries]
    assert len(found) == len(set(found))
    assert set(kept) <= set(found)
    assert len(routes) > 3
    second = source.changes(first.cursor)
    assert {key.id for key in second.deleted} == {str(number) for number in doomed} & {str(n) for n in found}
    assert of(second.entries, hidden)


def test_a_site_with_plain_permalinks_is_understood(site: WordPress, opened: Callable[..., Source]) -> None:
    number = publish(site, "Plain")
    site.php("update_option('permalink_structure', '');")
    try:
        source = opened()
        source.ping()
        assert source.fetch(str(number)).fields["title"] == "Plain"
    finally:
        site.php("update_option('permalink_structure', '/%postname%/');")


def test_a_wrong_password_is_no_outage_and_an_outage_no_deletion(
    site: WordPress, opened: Callable[..., Source]
) -> None:
    wrong = opened(application_password="xxxx xxxx xxxx xxxx xxxx xxxx")
    for call in (wrong.ping, lambda: wrong.changes(None), lambda: wrong.draft("1")):
        with pytest.raises(AuthError) as caught:
            call()
        assert "xxxx" not in str(caught.value)
    opened(username=None, application_password=None).ping()
    source = opened()
    cursor = source.changes(None).cursor
    closed = site.folder / "site" / ".maintenance"
    closed.write_text("<?php $upgrading = time();")
    try:
        with pytest.raises(Unavailable) as outage:
            source.changes(cursor)
        assert outage.value.retry_after == 600
    finally:
        closed.unlink()
    source.ping()


def test_a_delivery_that_fails_is_kept_and_tried_again(site: WordPress, heard: Receiver) -> None:
    wait = "echo wp_next_scheduled('tessera_webhook_retry') - time();"
    # As if the wait had passed.
    later = """$state = get_option('tessera_webhook_state'); $state['next'] = 0;
        update_option('tessera_webhook_state', $state); wp_clear_scheduled_hook('tessera_webhook_retry');
        wp_schedule_single_event(time() - 1, 'tessera_webhook_retry');"""
    left = (
        "global $wpdb; echo $wpdb->get_var(\"SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE 'tessera%'\");"
    )
    heard.status = 503
    try:
        first, second = publish(site, "While it is away"), publish(site, "And another")
        assert len(heard.requests) == 1, "the second save does not wait for what is known to be away"
        assert 0 < int(site.php(wait)) <= 30
        site.php(later)
        site.cron()
        assert len(heard.requests) == 2
        assert 30 < int(site.php(wait)) <= 60, "it doubles"
    finally:
        heard.status = 202
    site.php(later)
    site.cron()
    heard.expect(Notice(str(first), None, "posts"), Notice(str(second), None, "posts"))
    assert site.php(left) == "0"


def test_the_plugin_leaves_nothing_behind(site: WordPress, heard: Receiver) -> None:
    heard.status = 503
    publish(site, "Undelivered")
    count = (
        "global $wpdb; echo $wpdb->get_var(\"SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE 'tessera%'\");"
    )
    assert int(site.php(count)) > 0
    site.api("POST", "plugins/tessera-webhook/tessera-webhook", {"status": "inactive"})
    site.api("DELETE", "plugins/tessera-webhook/tessera-webhook")
    assert site.php(count) == "0"
    assert site.php("echo json_encode(wp_next_scheduled('tessera_webhook_retry'));") == "false"
    heard.status = 202
    heard.notices.clear()
    publish(site, "Unannounced")
    time.sleep(0.3)
    assert heard.notices == []
