"""The pages through Flask: rights, forms, and that nothing typed is ever lost."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Response
from werkzeug.test import Client

from plugin.editor.guard import COOKIE
from plugin.editor.tries import MOST
from plugin.service.content.management import Variant
from plugin.service.preconditions import ANY
from plugin.web.bodies import Bodies
from tests.unit.plugin.editor.conftest import Editor, tag, token
from tests.unit.plugin.web.small_app import ADMIN, PUBLIC, READER, WRITER

PAGES = ["/", "/slots", "/slots/home.hero", "/list/segments", "/list/experiments", "/list/attributes", "/site",
         "/items/rules/hero-vip", "/preview", "/publish", "/history", "/versions/1"]  # fmt: skip
RULE = "/items/rules/hero-vip"


@pytest.mark.parametrize("path", PAGES)
def test_pages_open_with_a_session_and_lead_to_the_log_in_without(nobody: Editor, path: str) -> None:
    refused = nobody.get(path)
    assert refused.status_code == 302
    assert refused.location.startswith("/editor/login?next=")
    nobody.log_in(ADMIN)
    answer = nobody.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


def test_the_cookie_is_for_these_pages_alone_and_out_of_reach(nobody: Editor) -> None:
    set_cookie = next(one for one in nobody.log_in(ADMIN).headers.getlist("Set-Cookie") if one.startswith(f"{COOKIE}="))
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/editor"} <= set(set_cookie.split("; "))
    assert ADMIN not in set_cookie


@pytest.mark.parametrize("key", ["", "wrong", PUBLIC, "é\x00"])
def test_only_management_keys_open_the_door(nobody: Editor, key: str) -> None:
    answer = nobody.log_in(key)
    assert answer.status_code == 401
    assert "not a management key" in answer.text
    assert nobody.get("/").status_code == 302


def test_failed_tries_are_limited(nobody: Editor) -> None:
    for _ in range(MOST):
        nobody.log_in("wrong")
    answer = nobody.log_in(ADMIN)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/editor/../x\\", "/v1/rules", ""])
def test_nobody_is_led_elsewhere_by_the_log_in(nobody: Editor, address: str) -> None:
    page = nobody.get("/login")
    answer = nobody.client.post("/editor/login", data={"key": ADMIN, "csrf": token(page), "next": address})
    assert answer.location == "/editor/"


def test_a_form_without_its_token_changes_nothing(editor: Editor) -> None:
    before = editor.draft()
    for forged in ({}, {"csrf": "x"}, {"csrf": editor.small.app.test_client().get("/editor/login").text[:64]}):
        answer = editor.client.post(f"/editor{RULE}", data={"text": "id: hero-vip", "tag": "x", **forged})
        assert answer.status_code == 403
    assert editor.draft() == before


def test_a_form_from_another_site_changes_nothing(editor: Editor) -> None:
    data = {"csrf": token(editor.get("/")), "note": "n", "epoch": "1", "draft": "d"}
    answer = editor.client.post("/editor/publish", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_logging_in_needs_the_form_too(nobody: Editor) -> None:
    assert nobody.client.post("/editor/login", data={"key": ADMIN}).status_code == 403


def test_text_is_given_back_where_the_session_is_over(editor: Editor) -> None:
    data = {"csrf": token(editor.get(RULE)), "text": "id: hero-vip # an hour of work"}
    editor.small.clock.move(3 * 3600)
    answer = editor.client.post(f"/editor{RULE}", data=data)
    assert answer.status_code == 401
    assert "an hour of work" in answer.text


def test_text_is_given_back_where_it_cannot_be_taken(editor: Editor) -> None:
    """Pages are kept by no browser: "go back" alone would show the form as it was before anything was typed."""
    data = {"csrf": token(editor.get(RULE)), "text": "</textarea> # an hour of work"}
    editor.log_in(ADMIN)  # in another tab, as when the session was over
    answer = editor.client.post(f"/editor{RULE}", data=data)
    assert answer.status_code == 403
    assert "&lt;/textarea&gt; # an hour of work" in answer.text
    too_long = {"csrf": token(editor.get(RULE)), "text": "#" * 2_000_000}
    answer = editor.client.post(f"/editor{RULE}", data=too_long)
    assert (answer.status_code, "What you typed" in answer.text) == (413, False)


@pytest.mark.parametrize(("opened", "status"), [(True, 400), (False, 403)])
def test_a_form_that_broke_off_is_refused_on_a_page(nobody: Editor, opened: bool, status: int) -> None:
    client = Client(Bodies(nobody.small.app.wsgi_app, monotonic=lambda: 0.0), Response)
    if opened:
        client.get("/editor/login")
    answer = client.post(
        "/editor/login",
        content_type="application/x-www-form-urlencoded",
        input_stream=BytesIO(b"key=1"),
        environ_overrides={"CONTENT_LENGTH": "500"},
    )
    assert (answer.status_code, "The body ended after 5 of 500 bytes" in answer.text) == (status, opened)


def test_after_logging_out_the_pages_are_closed(editor: Editor) -> None:
    assert editor.post("/logout", {}).status_code == 303
    assert editor.get("/").status_code == 302


@pytest.mark.parametrize(
    ("key", "path", "right"),
    [(READER, RULE, "write"), (READER, "/new/rules", "write"), (READER, "/switch/rules/hero-vip", "write"),
     (READER, "/delete/rules/hero-vip", "write"), (READER, "/site", "write"),
     (WRITER, "/publish", "publish"), (WRITER, "/rollback", "publish")],
)  # fmt: skip
def test_a_missing_right_is_named(nobody: Editor, key: str, path: str, right: str) -> None:
    nobody.log_in(key)
    before = nobody.draft()
    answer = nobody.post(path, {"text": "id: hero-vip", "note": "n"})
    assert answer.status_code == 403
    assert f"needs the right <strong>{right}</strong>" in answer.text
    assert nobody.draft() == before


def test_who_may_only_look_finds_no_buttons(nobody: Editor) -> None:
    nobody.log_in(READER)
    page = nobody.get(RULE).text
    assert "readonly" in page
    assert "Save in the draft" not in page
    assert "Switch off" not in nobody.get("/slots/home.hero").text


def test_rules_stand_in_the_order_in_which_they_apply(editor: Editor) -> None:
    page = editor.get("/slots/home.hero").text
    names = ["hero-local", "The best for the best", "bold", "everywhere"]
    places = [page.index(f">{name}</a>") for name in names]
    assert places == sorted(places)
    assert "When the visitor is in <a" in page


def test_saving_changes_the_draft_and_not_what_is_published(editor: Editor) -> None:
    page = editor.get(RULE)
    text = "id: hero-vip\r\nslot: home.hero\r\npriority: 7\r\nthen:\r\n- {pin: {content.tags: vip}}\r\n"
    answer = editor.client.post(f"/editor{RULE}", data={"csrf": token(page), "tag": tag(page), "text": text})
    assert answer.location == "/editor/items/rules/hero-vip?done=saved"
    assert next(one for one in editor.draft()["rules"] if one["id"] == "hero-vip")["priority"] == 7
    assert "1 unpublished change" in editor.get("/").text
    assert "Saved in the draft" in editor.client.get(answer.location).text


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("id: hero-vip\nslot: home.hera\nthen: []", 2, "did you mean &#39;home.hero&#39;?"),
        ("id: hero-vip\nslot: home.hero\nthem: []\nthen: []", 3, "them"),
        ("id: hero-vip\nslot: [", None, "not YAML"),
        ("id: another\nslot: home.hero\nthen: []", 1, "ids do not change"),
        ("- a list", 1, "is a mapping"),
        ("", 1, "is a mapping"),
        ("id: hero-vip\nid: hero-vip", 2, "twice"),
    ],
)
def test_a_bad_text_is_refused_at_its_line_and_stays_in_the_form(
    editor: Editor, text: str, line: int | None, said: str
) -> None:
    page, before = editor.get(RULE), editor.draft()
    answer = editor.client.post(f"/editor{RULE}", data={"csrf": token(page), "tag": tag(page), "text": text})
    assert answer.status_code == 422
    assert said in answer.text
    if line is not None:
        assert f'data-line="{line}"' in answer.text
        assert f'<li class="is-marked">{line}</li>' in answer.text
    assert f'">\n{text}</textarea>'.replace("\n", "") in answer.text.replace("\n", "")
    assert tag(answer) == tag(page), "a second try still says what it knows"
    assert editor.draft() == before


def test_somebody_elses_change_is_shown_and_both_texts_kept(editor: Editor) -> None:
    page = editor.get(RULE)
    theirs = {"id": "hero-vip", "slot": "home.hero", "priority": 1, "then": [{"stop": True}]}
    editor.small.services.drafting.put("rules", "hero-vip", theirs, precondition=ANY, author="rea")
    mine = "id: hero-vip\nslot: home.hero\npriority: 2\nthen: [{stop: true}]"
    answer = editor.client.post(f"/editor{RULE}", data={"csrf": token(page), "tag": tag(page), "text": mine})
    assert answer.status_code == 412
    assert "− priority: 1" in answer.text
    assert "+ priority: 2" in answer.text
    again = {"csrf": token(answer), "tag": tag(answer), "text": mine}
    assert editor.client.post(f"/editor{RULE}", data=again).status_code == 303
    assert next(one for one in editor.draft()["rules"] if one["id"] == "hero-vip")["priority"] == 2


def test_text_of_an_item_that_somebody_deleted_can_be_added_again(editor: Editor) -> None:
    page = editor.get(RULE)
    editor.small.services.drafting.delete("rules", "hero-vip", precondition=ANY, author="rea")
    mine = "id: hero-vip\nslot: home.hero\nthen: [{stop: true}]"
    answer = editor.client.post(f"/editor{RULE}", data={"csrf": token(page), "tag": tag(page), "text": mine})
    assert answer.status_code == 412
    assert 'action="/editor/new/rules"' in answer.text
    assert editor.post("/new/rules", {"text": mine}).status_code == 303


@pytest.mark.parametrize("section", ["rules", "segments", "slots", "experiments", "attributes"])
def test_each_template_is_sound_as_it_stands(editor: Editor, section: str) -> None:
    page = editor.get(f"/new/{section}")
    text = page.text.partition('<textarea id="editor"')[2].partition(">")[2].partition("</textarea>")[0].lstrip("\n")
    answer = editor.post(f"/new/{section}", {"text": text.replace("&#34;", '"').replace("&#39;", "'")})
    assert answer.status_code == 303, answer.text
    assert editor.client.get(answer.location).status_code == 200


def test_an_id_that_is_taken_is_said_at_its_line(editor: Editor) -> None:
    answer = editor.post("/new/rules", {"text": "# mine\nid: hero-vip\nslot: home.hero\nthen: []"})
    assert answer.status_code == 409
    assert 'data-line="2"' in answer.text


def test_one_button_switches_a_rule_off_and_on(editor: Editor) -> None:
    page = editor.get(RULE)
    off = editor.post("/switch/rules/hero-vip", {"tag": tag(page), "to": "off", "slot": "home.hero"})
    assert off.location == "/editor/slots/home.hero?done=off"
    assert next(one for one in editor.draft()["rules"] if one["id"] == "hero-vip")["enabled"] is False
    stale = editor.post("/switch/rules/hero-vip", {"tag": tag(page), "to": "on"})
    assert stale.status_code == 412
    assert editor.post("/switch/rules/hero-vip", {"tag": tag(editor.get(RULE)), "to": "on"}).status_code == 303
    assert editor.small.services.publishing.diff("published", "draft").same


def test_what_is_used_cannot_be_deleted_and_the_uses_are_linked(editor: Editor) -> None:
    page = editor.get("/items/segments/big")
    answer = editor.post("/delete/segments/big", {"tag": tag(page)})
    assert answer.status_code == 409
    assert 'href="/editor/items/rules/hero-vip"' in answer.text
    gone = editor.post("/delete/segments/new", {"tag": tag(editor.get("/items/segments/new"))})
    assert gone.status_code == 303
    assert editor.get("/items/segments/new").status_code == 404


def test_publishing_needs_a_note_and_the_draft_that_was_shown(editor: Editor) -> None:
    editor.post("/new/slots", {"text": "id: page.foot"})
    page = editor.get("/publish").text
    epoch, draft = (page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("epoch", "draft"))
    assert editor.post("/publish", {"epoch": epoch, "draft": draft, "note": "  "}).status_code == 422
    assert editor.post("/publish", {"epoch": epoch, "draft": "older", "note": "n"}).status_code == 412
    assert editor.post("/publish", {"epoch": "0", "draft": draft, "note": "n"}).status_code == 412
    published = editor.post("/publish", {"epoch": epoch, "draft": draft, "note": "A foot"})
    assert published.location == "/editor/?done=published"
    held = editor.small.services.publishing.published()
    assert held is not None
    assert (held.version.number, held.version.author, held.version.note) == (2, "ada", "A foot")
    version = editor.get("/versions/2").text
    assert "page.foot" in version


def test_a_failing_test_stops_publishing_and_is_told(editor: Editor) -> None:
    text = editor.get("/site").text
    test = "tests:\n- {name: all see the gala, slot: home.hero, given: {}, content: [], expect: {first: gala}}\n"
    site = "version: 1\ntimezone: Europe/Paris\nlocales: [fr, en]\n" + test
    tag_ = text.partition('name="tag" value="')[2].partition('"')[0]
    assert editor.post("/site", {"text": site, "tag": tag_}).status_code == 303
    page = editor.get("/publish").text
    assert "all see the gala" in page
    assert "cannot be published" in page
    draft = editor.small.services.drafting.document().tag
    forced = editor.post("/publish", {"epoch": "1", "draft": draft, "note": "n"})
    assert forced.status_code == 422
    assert "a test fails" in forced.text


def test_the_sites_settings_keep_the_items(editor: Editor) -> None:
    page = editor.get("/site")
    answer = editor.post("/site", {"text": "version: 1\ntimezone: UTC", "tag": tag(page)})
    assert answer.status_code == 303
    assert editor.draft()["timezone"] == "UTC"
    assert len(editor.draft()["rules"]) == 3
    refused = editor.post("/site", {"text": "rules: []", "tag": tag(editor.get("/site"))})
    assert refused.status_code == 422
    stale = editor.post("/site", {"text": "version: 1", "tag": tag(page)})
    assert stale.status_code == 412


def test_rolling_back_needs_a_reason_and_is_in_the_history(editor: Editor) -> None:
    editor.small.services.publishing.release({"version": 1, "slots": [{"id": "only"}]}, author="seed")
    assert editor.post("/rollback", {"number": "1", "epoch": "2"}).status_code == 422
    assert editor.post("/rollback", {"number": "1", "epoch": "1", "note": "n"}).status_code == 412
    assert editor.post("/rollback", {"number": "9", "epoch": "2", "note": "n"}).status_code == 404
    assert editor.post("/rollback", {"number": "1", "epoch": "2", "note": "too bare"}).status_code == 303
    history = editor.get("/history").text
    assert "too bare" in history
    assert "rolled back" in history


def test_nothing_in_a_document_runs_in_the_page(editor: Editor) -> None:
    bad = "<script>alert(1)</script>"
    text = f'id: x\nname: "{bad}"\ndescription: "{bad}"\nslot: home.hero\nwhen: {{geo.city: "{bad}"}}\nthen: []'
    assert editor.post("/new/rules", {"text": text}).status_code == 303
    for path in ("/", "/slots/home.hero", "/items/rules/x", "/publish", "/preview"):
        assert "<script>alert" not in editor.get(path).text


@pytest.mark.parametrize("path", ["/nowhere", "/items/tests/x", "/items/rules/nobody", "/slots/nowhere", "/list/rules",
                                  "/versions/99", "/static/../desk.py", "/new/nothing"])  # fmt: skip
def test_what_is_not_there_is_a_page_that_says_so(editor: Editor, path: str) -> None:
    answer = editor.get(path)
    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")


def test_static_files_are_kept_by_their_hash(nobody: Editor) -> None:
    page = nobody.get("/login").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    kept, asked = (nobody.client.get(one, buffered=True) for one in (address, address.partition("?")[0]))
    assert "immutable" in kept.headers["Cache-Control"]
    assert "immutable" not in asked.headers["Cache-Control"]


def test_a_rule_says_what_it_costs_caches_and_the_publish_page_of_all(editor: Editor) -> None:
    beside = editor.get(RULE).text
    assert "What caches keep of it" in beside
    assert "This rule takes home.hero from " in beside
    assert "What caches keep of it" in editor.get("/publish").text


def test_a_rule_that_makes_a_slot_private_is_named_with_what_to_do(editor: Editor) -> None:
    text = (
        "id: near\nname: Near us\nslot: home.hero\nwhen: {request.path: /sale}\nthen: [{pin: {content.tags: home}}]\n"
    )
    before = editor.get("/publish").text
    assert editor.post("/new/rules", {"text": text}).status_code == 303
    remedy = "To share it, give the pages that it names slots of their own."
    beside = editor.get("/items/rules/near").text
    assert "This rule makes home.hero private: it reads request.path, which an edge is not told." in beside
    assert remedy in beside
    assert "Without this rule, too, home.hero is private" in editor.get(RULE).text
    after = editor.get("/publish").text
    assert remedy in after
    assert remedy not in before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("when: {all: [{geo.country: FR}, {geo.country: BE}]}\nthen: [{pin: {id: gala}}]", "Can never hold: nothing"),
        ("when: {segment: big, geo.country: FR}\nthen: [{pin: {content.tags: vip}}]", "Never has an effect: whenever "),
        ("when: {segment: big}\nthen: [{pin: {content.tags: vip}}]", " have the same condition, schedule, slots and "),
        ("when: {geo.country: France}\nthen: [{pin: {id: gala}}]", "is no country code of ISO 3166-1"),
        ("then: [{pin: {id: galla}}]", "no published entry &#39;galla&#39;, so that its &#39;pin&#39; does nothing. "
         "Did you mean &#39;gala&#39;?"),
        ("then: [{pin: {id: hero-bold}}]", "shown by the experiment &#39;bold&#39; to one of its arms alone"),
        ("then: [{boost: {content.tags: gone}, by: 1}]", "No published entry of home.hero fits"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_do_what_is_meant_says_so_where_it_was_saved(
    editor: Editor, lines: str, said: str
) -> None:
    editor.small.services.contents.create("hero-bold", [Variant(type="hero", locale="fr", fields={"title": "Bold"})])
    text = f"id: vain\nname: In vain\nslot: home.hero\npriority: 1\n{lines}\n"
    assert editor.post("/new/rules", {"text": text}).status_code == 303
    beside = editor.get("/items/rules/vain").text
    assert said in beside
    assert "it may not do what you mean" in beside
    for path in ("/", "/publish"):
        assert ">In vain</a>" in editor.get(path).text
    assert "it may not do what you mean" not in editor.get(RULE).text
