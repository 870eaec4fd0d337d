"""A running Wagtail 8, with our app and without: editors publish in it, and the adapter sees what they did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters import registry
from adapters.cms.hooks import Notice
from adapters.cms.port import AuthError, BadResponse, Changes, Entry, Key, Link, NotFound, Source
from adapters.runtime import Runtime
from tests.contract.http_server import Reply
from tests.integration.cms.wagtail_site import PREVIEW_TOKEN, Wagtail, running
from tests.integration.cms.wagtail_witness import Witness, listening
from tests.waiting import allowed

pytestmark = pytest.mark.server

TYPE = "blog.ArticlePage"
IMAGE = """
import io
from django.core.files.images import ImageFile
from PIL import Image as Picture
from wagtail.images import get_image_model
data = io.BytesIO()
Picture.new("RGB", (40, 30)).save(data, "PNG")
image = get_image_model().objects.create(title="{title}", file=ImageFile(data, name="{title}.png"))
"""


@dataclass
class Desk:
    """A site with the app, and those who hear it and read it."""

    site: Wagtail
    witness: Witness
    source: Source

    def key(self, number: int) -> str:
        """A page's identity."""
        page = f"Page.objects.get(pk={number})"
        return str(self.site.run(f"from wagtail.models import Page; answer = str({page}.translation_key)"))

    def point(self, number: int, **columns: int) -> None:
        """Publishes a page whose foreign keys are these, as the page editor does; API v3 leaves them alone."""
        code = f"from blog.models import ArticlePage; page = ArticlePage.objects.get(pk={number})\n"
        code += "".join(f"page.{name}_id = {value}\n" for name, value in columns.items())
        self.site.run(code + "page.save_revision().publish()")

    def fetch(self, number: int, locale: str = "en") -> Entry:
        return self.source.fetch(self.key(number), locale, content_type=TYPE)

    def told_of(self, number: int, locale: str = "en") -> Notice:
        """Waits until a page was announced."""
        notice = Notice(self.key(number), locale, TYPE)
        self.witness.wait(lambda heard: notice in heard)
        return notice


def opened(site: Wagtail, **options: object) -> Source:
    settings = {"url": site.url, "types": [TYPE], "allow_private": True, "attempts": 1}
    return registry.cms("wagtail")({**settings, **options}, Runtime.system())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with listening() as witness, running(tmp_path_factory.mktemp("wagtail"), webhook=witness.url) as site:
        source = opened(site, module=True, preview_token=PREVIEW_TOKEN, snippets=["banners"])
        yield Desk(site, witness, source)
        source.close()


@pytest.fixture
def desk(whole: Desk) -> Iterator[Desk]:
    """The site as tests before left it, with silence around it."""
    whole.site.run("answer = None")
    whole.witness.forget()
    yield whole
    assert whole.witness.refused == []


def keys(changes: Changes) -> set[Key]:
    return {entry.key for entry in changes.entries}


def test_a_published_page_is_announced_and_fetched(desk: Desk) -> None:
    number = desk.site.create("City guide", summary="Where to go", tags=["slot:home.hero", "audience:vip"])
    assert desk.told_of(number) == Notice(desk.key(number), "en", TYPE)
    entry = desk.fetch(number)
    assert (entry.id, entry.locale, entry.type) == (desk.key(number), "en", TYPE)
    assert entry.fields["title"] == "City guide"
    assert entry.tags == ("audience:vip", "slot:home.hero")
    assert entry.version == entry.published_at
    assert desk.witness.announced(desk.key(number))[-1] == entry.version, "announced as the API shows it"
    assert entry.fields["slug"] == "city-guide"


def test_a_draft_is_neither_announced_nor_shown_but_to_previews(desk: Desk) -> None:
    fresh = desk.site.create("Not yet", publish=False, tags=["audience:vip"])
    live = desk.site.create("Live")
    desk.site.edit(live, publish=False, title="Live, reworded", tags=["audience:new"])
    assert desk.told_of(live)
    time.sleep(0.3)
    assert Notice(desk.key(fresh), "en", TYPE) not in desk.witness.heard()
    with pytest.raises(NotFound):
        desk.fetch(fresh)
    assert desk.fetch(live).fields["title"] == "Live"
    seen = desk.source.draft(desk.key(fresh), "en")
    assert (seen.fields["title"], seen.tags) == ("Not yet", ("audience:vip",))
    seen = desk.source.draft(desk.key(live), "en", content_type=TYPE)
    assert (seen.fields["title"], seen.tags) == ("Live, reworded", ("audience:new",))
    listed = {entry.fields["title"] for entry in desk.source.changes(None).entries}
    assert "Live" in listed
    assert not {"Not yet", "Live, reworded"} & listed


def test_previews_need_their_own_token(desk: Desk) -> None:
    number = desk.site.create("Hidden", publish=False)
    stranger = opened(desk.site, module=True, preview_token="another-preview-token")
    with pytest.raises(AuthError):
        stranger.draft(desk.key(number), "en")
    stranger.close()


def test_each_publish_is_a_newer_version(desk: Desk) -> None:
    number = desk.site.create("Before")
    old = desk.fetch(number)
    desk.site.edit(number, title="After")
    new = desk.fetch(number)
    ordering = desk.source.spec.ordering
    assert new.fields["title"] == "After"
    assert ordering.older(old, new.version)
    assert not ordering.older(new, old.version)


def test_an_edit_is_found_by_asking_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = desk.site.create("One of many")
    source = opened(desk.site, module=True)
    first = source.changes(None)
    desk.site.edit(number, title="Changed")
    asked: list[str] = []
    client = source._client
    monkeypatch.setattr(client, "get", lambda path, query, get=client.get: asked.append(path) or get(path, query))
    second = source.changes(first.cursor)
    assert [(entry.id, entry.fields["title"]) for entry in second.entries] == [(desk.key(number), "Changed")]
    assert (asked, second.deleted, second.full) == (["pages/"], (), False)
    assert source.changes(second.cursor).entries == ()
    source.close()


def test_unpublished_published_again_and_deleted(desk: Desk) -> None:
    number = desk.site.create("Here and gone")
    key = desk.key(number)
    cursor = desk.source.changes(None).cursor
    desk.witness.forget()
    desk.site.unpublish(number)
    desk.told_of(number)
    with pytest.raises(NotFound):
        desk.fetch(number)
    changes = desk.source.changes(cursor)
    assert changes.deleted == (Key(key, "en"),)
    desk.witness.forget()
    desk.site.publish(number)
    desk.told_of(number)
    changes = desk.source.changes(changes.cursor)
    assert keys(changes) == {Key(key, "en")}
    desk.witness.forget()
    desk.site.delete(number)
    desk.witness.wait(lambda heard: Notice(key, "en", TYPE) in heard)
    assert desk.source.changes(changes.cursor).deleted == (Key(key, "en"),)


def test_a_page_goes_with_all_below_it(desk: Desk) -> None:
    above = desk.site.create("Above")
    below = desk.site.create("Below", parent=above)
    gone = {Notice(desk.key(number), "en", TYPE) for number in (above, below)}
    desk.witness.forget()
    desk.site.delete(above)
    desk.witness.wait(lambda heard: gone <= heard)


def test_a_new_address_is_announced_for_all_below(desk: Desk) -> None:
    above = desk.site.create("Old place")
    below = desk.site.create("Inhabitant", parent=above)
    elsewhere = desk.site.create("Elsewhere")
    desk.site.run("answer = None")
    desk.witness.forget()
    desk.site.edit(above, slug="new-place")
    desk.told_of(below)
    assert str(desk.fetch(below).fields["html_url"]).endswith("/new-place/inhabitant/")
    desk.witness.forget()
    desk.site.api("POST", f"pages/{above}/actions/move/", {"destination_id": elsewhere, "position": "first-child"})
    desk.told_of(below)
    assert str(desk.fetch(below).fields["html_url"]).endswith("/elsewhere/new-place/inhabitant/")


def test_a_renamed_tag_and_a_deleted_one_are_announced_for_what_has_them(desk: Desk) -> None:
    number = desk.site.create("Tagged", tags=["topic:fodo", "topic:travel"])
    desk.told_of(number)
    desk.witness.forget()
    tag = "from taggit.models import Tag; tag = Tag.objects.get(name='{}'); "
    desk.site.run(tag.format("topic:fodo") + "tag.name = 'topic:food'; tag.save()")
    desk.told_of(number)
    assert desk.fetch(number).tags == ("topic:food", "topic:travel")
    desk.witness.forget()
    desk.site.run(tag.format("topic:travel") + "tag.delete()")
    desk.told_of(number)
    assert desk.fetch(number).tags == ("topic:food",)


def test_images_and_links_in_rich_text_are_resolved_and_their_changes_announced(desk: Desk) -> None:
    image = desk.site.run(IMAGE.format(title="cover") + "answer = image.pk")
    target = desk.site.create("Target")
    hidden = desk.site.create("Hidden target", publish=False)
    body = (
        f'<p>See <a linktype="page" id="{target}">this</a> and <a linktype="page" id="{hidden}">that</a></p>'
        f'<embed embedtype="image" id="{image}" alt="A cover" format="left"/>'
    )
    number = desk.site.create("Rich", body=body)
    desk.point(number, cover=image, related=hidden)
    desk.told_of(number)
    entry = desk.fetch(number)
    rich = str(entry.fields["body_html"])
    assert f'<img src="{desk.site.url}/media/' in rich
    assert 'alt="A cover"' in rich
    assert '/target/" rel="noopener noreferrer">this</a>' in rich
    assert ">that</a>" in rich
    assert "hidden-target" not in rich
    cover = entry.fields["cover"]
    assert isinstance(cover, dict)
    assert str(cover["url"]).startswith(f"{desk.site.url}/media/")
    assert entry.fields["related"] == {"id": hidden}, "the title of a draft is none of the public's"
    assert Link("/cover", "asset", str(cover["url"]), id=f"wagtailimages.Image:{image}") in entry.links
    assert Link("/body", "entry", desk.key(target)) in entry.links
    desk.witness.forget()
    picture = f"from wagtail.images.models import Image; image = Image.objects.get(pk={image}); "
    desk.site.run(picture + "image.title = 'New'; image.save()")
    desk.told_of(number)
    assert dict(desk.fetch(number).fields["cover"])["title"] == "New"
    desk.witness.forget()
    desk.site.run(picture + "image.delete()")
    desk.told_of(number)
    after = desk.fetch(number)
    assert after.fields["cover"] is None
    assert "<img" not in str(after.fields["body_html"])


def test_a_stream_stays_data_and_its_images_can_be_found(desk: Desk) -> None:
    image = desk.site.run(IMAGE.format(title="stream") + "answer = image.pk")
    stream = [{"type": "paragraph", "value": "<p>Hi</p>"}, {"type": "image", "value": image}]
    entry = desk.fetch(desk.site.create("Stream", blocks=stream))
    blocks = entry.fields["blocks"]
    assert isinstance(blocks, list)
    assert [block["type"] for block in blocks] == ["paragraph", "image"]
    assert "Hi</p>" in blocks[0]["value_html"]
    assert blocks[1]["value"] == image
    references = entry.fields["references"]
    assert isinstance(references, dict)
    assert str(references[f"image:{image}"]["url"]).startswith(f"{desk.site.url}/media/")


def test_snippets_are_entries_too_and_announced_for_pages_that_show_them(desk: Desk) -> None:
    number = desk.site.run(
        "from blog.models import Banner\nb = Banner.objects.create(title='Sale', live=False)\n"
        "b.tags.add('slot:top'); answer = b.pk"
    )
    identity = f"blog.Banner:{number}"
    with pytest.raises(NotFound):
        desk.source.fetch(identity)
    publish = f"from blog.models import Banner; Banner.objects.get(pk={number}).save_revision().publish()"
    desk.site.run(publish)
    desk.witness.wait(lambda heard: Notice(identity, None, "blog.Banner") in heard)
    entry = desk.source.fetch(identity)
    assert (entry.type, entry.tags, entry.fields["title"]) == ("blog.Banner", ("slot:top",), "Sale")
    cursor = desk.source.changes(None).cursor
    desk.site.run(f"from blog.models import Banner; Banner.objects.get(pk={number}).tags.add('topic:x')")
    assert [one.tags for one in desk.source.changes(cursor).entries] == [("slot:top", "topic:x")]
    author = desk.site.run("from blog.models import Author; answer = Author.objects.create(name='Ann').pk")
    page = desk.site.create("By Ann")
    desk.point(page, author=author)
    desk.told_of(page)
    assert Link("/author", "entry", f"blog.Author:{author}") in desk.fetch(page).links
    desk.witness.forget()
    desk.site.run(f"from blog.models import Author; a = Author.objects.get(pk={author}); a.name = 'Anne'; a.save()")
    desk.told_of(page)
    assert Notice(f"blog.Author:{author}", None, "blog.Author") in desk.witness.heard()


def test_translations_are_variants_of_one_entry(desk: Desk) -> None:
    number = desk.site.create("Hello")
    for code, title in (("fr", "Salut"), ("en-gb", "How do you do")):
        translated = desk.site.api("POST", f"pages/{number}/actions/copy_for_translation/", {"locale": code})["id"]
        desk.site.edit(translated, title=title)
    key = desk.key(number)
    desk.witness.wait(lambda heard: {Notice(key, locale, TYPE) for locale in ("en", "fr", "en-GB")} <= heard)
    assert desk.source.fetch(key, "fr").fields["title"] == "Salut"
    assert desk.source.fetch(key, "en-GB").fields["title"] == "How do you do"
    assert desk.source.fetch(key).locale == "en"
    with pytest.raises(NotFound):
        desk.source.fetch(key, "de")
    assert {Key(key, locale) for locale in ("en", "fr", "en-GB")} <= keys(desk.source.changes(None))
    french = opened(desk.site, module=True, locales=["fr"])
    assert {entry.locale for entry in french.changes(None).entries} == {"fr"}
    french.close()


VARIANT = """
from wagtail_personalisation.models import Segment
from blog.models import ArticlePage
segment = Segment.objects.create(name="{segment}")
variant = ArticlePage.objects.get(pk={number}).personalisation_metadata.copy_for_segment(segment)
variant.title = "For them"
variant.save_revision().publish()
answer = variant.pk
"""


def test_a_variant_of_wagtail_personalisation_is_for_its_audience(desk: Desk) -> None:
    number = desk.site.create("For all", tags=["slot:home.hero"])
    variant = desk.site.run(VARIANT.format(segment="From newsletter", number=number))
    desk.told_of(variant)
    entry = desk.fetch(variant)
    assert entry.tags == ("slot:home.hero", "audience:from-newsletter")
    assert entry.fields["variant_of"] == desk.key(number)
    assert desk.fetch(number).tags == ("slot:home.hero",)
    desk.witness.forget()
    desk.site.run(
        "from wagtail_personalisation.models import Segment\n"
        "s = Segment.objects.get(name='From newsletter'); s.name = 'Readers'; s.save()"
    )
    desk.told_of(variant)
    assert desk.fetch(variant).tags == ("slot:home.hero", "audience:readers")


def test_a_page_that_becomes_private_goes_and_comes_back(desk: Desk) -> None:
    above = desk.site.create("Club")
    number = desk.site.create("Members only", parent=above)
    desk.told_of(number)
    desk.witness.forget()
    restrict = "from wagtail.models import PageViewRestriction as R; "
    desk.site.run(restrict + f"R.objects.create(page_id={above}, restriction_type=R.LOGIN)")
    desk.told_of(number)
    with pytest.raises(NotFound):
        desk.fetch(number)
    desk.witness.forget()
    desk.site.run(restrict + f"R.objects.get(page_id={above}).delete()")
    desk.told_of(number)
    assert desk.fetch(number).fields["title"] == "Members only"


def test_a_schedule_is_announced_when_it_is_due(desk: Desk) -> None:
    number = desk.site.create("Soon", publish=False)
    code = f"""
from datetime import timedelta
from django.core.management import call_command
from django.utils import timezone
from blog.models import ArticlePage
page = ArticlePage.objects.get(pk={number})
page.go_live_at = timezone.now() + timedelta(seconds=1)
page.expire_at = timezone.now() + timedelta(days=1)
page.save_revision().publish()
answer = ArticlePage.objects.get(pk={number}).live
"""
    assert desk.site.run(code) is False
    with pytest.raises(NotFound):
        desk.fetch(number)
    desk.witness.forget()
    time.sleep(1.1)
    desk.site.run("from django.core.management import call_command; call_command('publish_scheduled')")
    desk.told_of(number)
    assert desk.fetch(number).expires_at is not None


def test_many_changes_at_once_are_one_request(desk: Desk) -> None:
    desk.site.run(
        "from django.db import transaction\nfrom wagtail.models import Page\nfrom blog.models import ArticlePage\n"
        f"with transaction.atomic():\n    home = Page.objects.get(pk={desk.site.home})\n"
        "    for n in range(30):\n        home.add_child(instance=ArticlePage(title=f'Bulk {n}'))"
    )
    desk.witness.wait(lambda heard: len(heard) >= 30)
    assert len(desk.witness.batches) == 1
    assert desk.source.changes(None).problems == (), "pages that were never published are entries"


def test_nothing_is_announced_of_what_is_rolled_back(desk: Desk) -> None:
    desk.site.run(
        "from django.db import transaction\nfrom wagtail.models import Page\nfrom blog.models import ArticlePage\n"
        f"with transaction.atomic():\n    home = Page.objects.get(pk={desk.site.home})\n"
        "    home.add_child(instance=ArticlePage(title='Never'))\n    transaction.set_rollback(True)"
    )
    assert desk.witness.heard() == set()


def test_a_tessera_that_is_down_holds_up_no_editor_and_is_asked_again(desk: Desk) -> None:
    slow_s = allowed(1.0)
    desk.witness.answers = [Reply(503, before=lambda: time.sleep(slow_s))]
    begun = time.monotonic()
    number = desk.site.create("Patience")
    assert time.monotonic() - begun < slow_s
    desk.told_of(number)
    assert desk.witness.answers == []


def test_a_mistake_of_ours_breaks_no_save_and_is_told_as_something_changed(desk: Desk) -> None:
    title = desk.site.run(
        "from blog.models import Banner\nfrom tessera_wagtail import signals\nkept = signals.notice_of\n"
        "def broken(obj):\n    raise KeyError('x')\nsignals.notice_of = broken\n"
        "try:\n    answer = Banner.objects.create(title='Saved all the same').title\n"
        "finally:\n    signals.notice_of = kept"
    )
    assert title == "Saved all the same"
    desk.witness.wait(lambda heard: heard == {Notice(None)})


def test_settings_that_cannot_work_are_told_by_the_check(desk: Desk) -> None:
    told = desk.site.run(
        "from django.test import override_settings\nfrom django.core.checks import run_checks\n"
        "bad = {'WEBHOOK_URL': 'ftp://x', 'WEBHOOK_SECRET': 'short', 'PREVIEW_TOKEN': 's'}\n"
        "with override_settings(**{f'TESSERA_{name}': value for name, value in bad.items()}):\n"
        "    answer = sorted(one.id for one in run_checks() if one.id.startswith('tessera'))"
    )
    assert told == ["tessera.E001", "tessera.E002", "tessera.E003"]
    assert desk.site.run("from tessera_wagtail.config import check; answer = check(None)") == []


def test_other_readers_of_the_api_are_not_made_to_wait(desk: Desk) -> None:
    import requests

    number = desk.site.create("For apps")
    answer = requests.get(f"{desk.site.url}/api/v2/pages/{number}/", timeout=60).json()
    assert "tessera" not in answer["meta"]
    denied = requests.get(f"{desk.site.url}/api/v2/tessera-drafts/{number}/", timeout=60)
    assert (denied.status_code, denied.headers["Cache-Control"]) == (403, "private, no-store")


# Without the app


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wagtail]:
    with running(tmp_path_factory.mktemp("wagtail-bare"), module=False) as site:
        yield site


@pytest.fixture
def reader(bare: Wagtail) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def read(**options: Any) -> Source:
        made.append(opened(bare, **options))
        return made[-1]

    yield read
    for source in made:
        source.close()


def test_a_site_without_the_app_is_read_whole_and_compared(bare: Wagtail, reader: Callable[..., Source]) -> None:
    source = reader(page_size=100, segments={"from-newsletter": "newsletter"})
    source.ping()
    numbers = [bare.create(f"Page {n}", tags=["audience:vip"]) for n in range(25)]
    draft = bare.create("Draft", publish=False)
    first = source.changes(None)
    assert {str(number) for number in numbers} <= {entry.id for entry in first.entries}, "a limit of 20 is obeyed"
    assert str(draft) not in {entry.id for entry in first.entries}
    assert source.changes(first.cursor).entries == ()
    bare.edit(numbers[3], title="Edited")
    bare.unpublish(numbers[4])
    bare.delete(numbers[5])
    variant = bare.run(VARIANT.format(segment="From newsletter", number=numbers[0]))
    second = source.changes(first.cursor)
    assert {(entry.id, entry.fields["title"]) for entry in second.entries} == {
        (str(numbers[3]), "Edited"),
        (str(variant), "For them"),
    }
    assert set(second.deleted) == {Key(str(number), "en") for number in numbers[4:6]}
    assert source.fetch(str(variant)).tags == ("audience:vip", "audience:newsletter")
    assert source.fetch(str(numbers[3]), "en") == next(one for one in second.entries if one.id == str(numbers[3]))
    assert source.spec.ordering.kind == "none"
    with pytest.raises(NotFound):
        source.fetch(str(numbers[4]))
    with pytest.raises(NotFound):
        source.draft(str(draft))


def test_rich_text_that_wagtail_expands_itself(bare: Wagtail, reader: Callable[..., Source]) -> None:
    number = bare.create("Expanded", body=f'<p>Go <a linktype="page" id="{bare.home}">home</a></p>')
    expanded = str(reader(rich_text_format="html").fetch(str(number)).fields["body_html"])
    assert '<a href="/' in expanded
    assert "href" not in str(reader().fetch(str(number)).fields["body_html"])


def test_an_app_that_is_not_there_is_missed(reader: Callable[..., Source]) -> None:
    with pytest.raises(BadResponse, match="tessera_wagtail"):
        reader(module=True).ping()


def test_a_type_and_an_endpoint_that_do_not_exist_are_named(reader: Callable[..., Source]) -> None:
    with pytest.raises(BadResponse, match="type doesn't exist"):
        reader(types=["blog.Nonsuch"]).changes(None)
    with pytest.raises(BadResponse, match="nonsuch/: status 404"):
        reader(snippets=["nonsuch"]).changes(None)
