"""What the shipped VCL makes of a request, the origin would: devices, networks, referrers, campaigns, consent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
import requests
from urllib3.util import SKIP_HEADER

from adapters.device.uap import UapDevices
from plugin.edge.audience_keys import AudienceKeys
from plugin.flow.signals.hints import form, platform, read_hints
from plugin.flow.signals.referrer import kind_of_visit, read_referrer
from plugin.flow.signals.sources import APPS, EMAIL, MEDIUMS, SEARCH, SOCIAL
from tests.docs.pages import DOCS
from tests.integration.edge.agents import agents
from tests.integration.edge.operator import edge
from tests.servers import free_port

pytestmark = pytest.mark.server
INPUTS = [
    *("Country", "Device", "Locale", "Network", "Referrer", "Zone", "Consent", "Class"),
    *("Utm-Source", "Utm-Medium", "Utm-Campaign", "Utm-Term", "Utm-Content"),
]
ECHO = f"""
sub vcl_recv {{
    if (req.url ~ "^/echo") {{
        call tessera_begin;
        return (synth(200));
    }}
}}
sub vcl_synth {{
    if (req.url ~ "^/echo") {{
        set resp.http.X-Step = req.http.Tessera-Step;
        set resp.http.X-Page = req.url;
        if (req.http.Tessera-Keyed-Url) {{ set resp.http.X-Page = req.http.Tessera-Keyed-Url; }}
        set resp.http.X-Host = req.http.host;
        {" ".join(f"set resp.http.T-{name} = req.http.T-{name};" for name in INPUTS)}
        return (deliver);
    }}
}}
"""
SHOWS = 'set req.http.T-Slots = "home.hero";'
AGREEMENT = 0.99
"""The least share of User-Agents of which edge and origin must say the same."""


class Echo:
    """Asks the edge what it makes of a request."""

    def __init__(self, url: str) -> None:
        self._url, self._session = url, requests.Session()
        self._session.headers.clear()

    def __call__(self, path: str = "/echo", **headers: str) -> dict[str, str]:
        return self.raw({name.replace("_", "-"): value for name, value in headers.items()}, path)

    def raw(self, headers: Mapping[str, str], path: str = "/echo") -> dict[str, str]:
        """With headers named as they are."""
        headers = {"User-Agent": SKIP_HEADER, **headers}
        answer = self._session.get(f"{self._url}{path}", headers=headers, timeout=60)
        assert answer.status_code == 200
        shown = ("T-", "X-Step", "X-Page", "X-Host")
        return {name: value for name, value in answer.headers.items() if name.startswith(shown) and value}


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with edge(free_port(), before=ECHO, slots=SHOWS) as cache:
        yield Echo(cache.url)


@pytest.fixture(scope="module")
def devices() -> UapDevices:
    return UapDevices()


def test_the_device_table_agrees_with_the_parser_of_the_origin(echo: Echo, devices: UapDevices) -> None:
    all_of_them = list(dict.fromkeys(agents()))
    assert len(all_of_them) > 180
    wrong = [
        (agent, said, found)
        for agent in all_of_them
        if (said := echo(User_Agent=agent)["T-Device"]) != (found := devices.identify(agent).type)
    ]
    assert len(wrong) <= (1 - AGREEMENT) * len(all_of_them), wrong
    told = f"{len(all_of_them) - len(wrong)} of {len(all_of_them)} User-Agents"
    assert told in (DOCS / "edge.md").read_text("utf-8"), told


@pytest.mark.parametrize(
    "agent", ["Mozilla/5.0 (Linux; Android 10; K) Chrome/131 Safari/537.36", "Mozilla/5.0 (X11; Linux x86_64)"]
)
@pytest.mark.parametrize("mobile", ["?0", "?1"])
@pytest.mark.parametrize("system", ["Android", "Windows", "macOS", "Linux", "Chrome OS", "Fuchsia"])
def test_client_hints_correct_a_device_as_at_the_origin(
    echo: Echo, devices: UapDevices, agent: str, mobile: str, system: str
) -> None:
    sent = {"Sec_CH_UA": '"Chromium";v="131"', "Sec_CH_UA_Mobile": mobile, "Sec_CH_UA_Platform": f'"{system}"'}
    hints = read_hints({name.replace("_", "-").lower(): (value,) for name, value in sent.items()})
    assert hints is not None
    found = platform(hints)
    alone = devices.identify(agent)
    wanted = form(hints, found[0] if found else alone.os, alone.type) or alone.type
    assert echo(User_Agent=agent, **sent)["T-Device"] == wanted


def test_no_user_agent_is_some_other_device(echo: Echo) -> None:
    assert echo()["T-Device"] == "other"
    assert echo(User_Agent="x" * 7_000)["T-Device"] == "other"


def _referrers() -> Iterator[str]:
    for host in (*SEARCH, *SOCIAL, *EMAIL):
        plain = host.replace("*", "co.uk")
        yield from (f"https://{plain}/", f"http://www.{plain}/a?b#c", f"https://docs.{plain}", f"https://not{plain}/")
        if host.endswith(".*"):
            yield from (f"https://{host[:-2]}.fr/", f"https://{host[:-2]}.info/")
    yield from (
        f"{scheme}://{package}/" for package in (*APPS, "com.example.app") for scheme in ("android-app", "ios-app")
    )
    yield from (
        "https://webmail.a-firm.example/inbox",
        "https://owa.a-firm.example/",
        "https://a.example:8443/x",
        "https://me@a.example/",
    )
    yield from (
        "https://WWW.Google.COM/",
        "about:blank",
        "x",
        "ftp://a.example/",
        "https://",
        "/path",
        "https://a example/",
    )


def test_referrers_are_of_the_kinds_of_the_origin(echo: Echo) -> None:
    wrong = []
    for text in _referrers():
        found = read_referrer(text)
        wanted = "other" if found is None else kind_of_visit(found, False, None)
        said = echo(Host="shop.example", Referer=text)["T-Referrer"]
        if said != wanted:
            wrong.append((text, said, wanted))
    assert not wrong


@pytest.mark.parametrize("medium", [*MEDIUMS, "cpc", "EMAIL", "Organic", "banner"])
def test_the_medium_of_a_campaign_stands_over_the_referrer(echo: Echo, medium: str) -> None:
    path = f"/echo?utm_medium={medium}"
    assert echo(path)["T-Referrer"] == kind_of_visit(None, False, medium)
    assert echo(path, Referer="https://www.bing.com/")["T-Referrer"] == kind_of_visit(
        read_referrer("https://www.bing.com/"), False, medium
    )


@pytest.mark.parametrize(
    ("host", "referrer", "kind"),
    [
        ("shop.example", "https://shop.example/x", "internal"),
        ("www.shop.example", "https://shop.example/x", "internal"),
        ("shop.example", "https://WWW.shop.example/x", "internal"),
        ("shop.example:8080", "https://blog.shop.example", "internal"),
        ("shop.example", "https://notshop.example/", "other"),
        ("shop.example", "https://shop.example.evil.example/", "other"),
        ("shopxexample", "https://shop.example/", "other"),
        ("shop.example", "", "direct"),
    ],
)
def test_a_click_inside_the_site_is_internal(echo: Echo, host: str, referrer: str, kind: str) -> None:
    assert echo("/echo?utm_medium=cpc", Host=host, Referer=referrer)["T-Referrer"] == kind


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, None),
        ({"ECT": "4g"}, "4g"),
        ({"ECT": "SLOW-2G"}, "slow-2g"),
        ({"ECT": "5g"}, None),
        ({"Save_Data": "on"}, "save-data"),
        ({"Save_Data": "off"}, None),
        ({"ECT": "3g", "Save_Data": "On"}, "3g,save-data"),
    ],
)
def test_networks(echo: Echo, sent: dict[str, str], said: str | None) -> None:
    assert echo(**sent).get("T-Network") == said


@pytest.mark.parametrize(
    ("query", "said", "page"),
    [
        ("", {}, "/echo"),
        ("?a=1&", {}, "/echo?a=1&"),
        ("?utm_source=a", {"Source": "a"}, "/echo"),
        ("?x=1&utm_campaign=Spring-25&y=2", {"Campaign": "Spring-25"}, "/echo?x=1&y=2"),
        ("?utm_term=a&utm_content=b&z", {"Term": "a", "Content": "b"}, "/echo?z"),
        ("?UTM_Medium=cpc&q=utm_source=x", {"Medium": "cpc"}, "/echo?q=utm_source=x"),
        ("?utm_source=&utm_source=b&utm_source=c", {"Source": "b"}, "/echo"),
        ("?utm_source=a%20b", {}, "/echo"),
        ("?utm_source=a+b", {}, "/echo"),
        ("?utm_source=" + "a" * 64, {"Source": "a" * 64}, "/echo"),
        ("?utm_source=" + "a" * 65, {}, "/echo"),
        ("?utm_id=7&utm_nooverride", {}, "/echo"),
        ("?xutm_source=a", {}, "/echo?xutm_source=a"),
        ("?utm_source=a%0d%0aT-Key:x", {}, "/echo"),
    ],
)
def test_campaigns_are_inputs_and_no_part_of_the_address(
    echo: Echo, query: str, said: dict[str, str], page: str
) -> None:
    found = echo(f"/echo{query}")
    assert {name.removeprefix("T-Utm-"): value for name, value in found.items() if name.startswith("T-Utm")} == said
    assert found["X-Page"] == page


@pytest.mark.parametrize(
    ("cookie", "gpc", "said", "step"),
    [
        (None, None, None, "key"),
        ("tessera_consent=analytics=1,personalization=0", None, "analytics=1,personalization=0", "key"),
        ("a=b; tessera_consent=analytics%3D1%2Cpersonalization%3D0; c=d", None, "analytics=1,personalization=0", "key"),
        ("tessera_consent=analytics=GRANTED", "1", "analytics=granted,gpc", "key"),
        ("tessera_consent=", "1", "gpc", "key"),
        ("xtessera_consent=a=1", None, None, "key"),
        (None, "0", None, "key"),
        ("tessera_consent=<script>", None, None, "pass"),
        ("tessera_consent=Personalization=1", None, None, "pass"),
        ("tessera_consent=analytics%3d1%2cPersonalization%3d0", None, None, "pass"),
        ("tessera_consent=" + ",".join(["a=1"] * 33), None, None, "pass"),
    ],
)
def test_consent(echo: Echo, cookie: str | None, gpc: str | None, said: str | None, step: str) -> None:
    sent = {name: value for name, value in (("Cookie", cookie), ("Sec_GPC", gpc)) if value is not None}
    found = echo(**sent)
    assert (found.get("T-Consent"), found["X-Step"]) == (said, step)


CLASS = AudienceKeys("a key").cookie("0123456789ab", "a class", 7) or ""
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("cookie", "agent", "said"),
    [
        (f"tessera_class={CLASS}", PHONE, CLASS),
        (f"a=b;tessera_class={CLASS};c=d", PHONE, CLASS),
        (f"tessera_class={CLASS}", "Googlebot/2.1", None),
        (f"tessera_class={CLASS}; tessera_consent=personalization=0", PHONE, None),
        (f"tessera_class={CLASS}; tessera_consent=personalization=off", PHONE, None),
        (f"tessera_class={CLASS}; tessera_consent=personalization=", PHONE, None),
        (f"tessera_class={CLASS}; tessera_consent=analytics=0", PHONE, CLASS),
        (f"tessera_class={CLASS}; tessera_consent=personalization=1,analytics=0", PHONE, CLASS),
        (f"tessera_class={CLASS}; tessera_consent=personalization=1", PHONE, CLASS),
        (f"tessera_class={'a' * 1_000}{CLASS}", PHONE, None),
        ("tessera_class=a.b.c", PHONE, None),
        (f"tessera_class={CLASS}%0d%0a", PHONE, None),
        (f"not_tessera_class={CLASS}", PHONE, None),
    ],
)
def test_the_class_cookie_is_told_where_it_has_its_form(echo: Echo, cookie: str, agent: str, said: str | None) -> None:
    assert echo(Cookie=cookie, User_Agent=agent).get("T-Class") == said
    assert "T-Class" not in echo(Cookie=cookie, User_Agent=agent, Sec_GPC="1")


@pytest.mark.parametrize(
    "spell",
    [str, str.lower, str.upper, lambda name: name.replace("-", "_"), lambda name: name.replace("-", "_", 1)],
    ids=["as it is", "lower", "upper", "underscores", "one underscore"],
)
def test_no_client_says_what_an_edge_says(echo: Echo, spell: Callable[[str], str]) -> None:
    names = [spell(f"T-{name}") for name in (*INPUTS, "Edge", "Key", "Slots")]
    said = echo.raw(dict.fromkeys(names, "GB"))
    assert said == echo()
    assert echo.raw({"Connection": ", ".join(names), **dict.fromkeys(names, "GB")}) == said


@pytest.mark.parametrize(
    ("country", "zone", "said"),
    [("FR", "Europe/Paris", ("FR", "Europe/Paris")), ("fr", "a b", (None, None)), ("FRA", "x" * 65, (None, None))],
)
def test_where_the_visitor_is_has_its_form(
    echo: Echo, country: str, zone: str, said: tuple[str | None, str | None]
) -> None:
    found = echo(CF_IPCountry=country, CF_Timezone=zone)
    assert (found.get("T-Country"), found.get("T-Zone")) == said


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("Shop.Example", "shop.example"),
        ("shop.example.", "shop.example"),
        ("shop.example:443", "shop.example"),
        ("shop.example:81", "shop.example:81"),
    ],
)
def test_hosts_are_spelled_in_one_way(echo: Echo, host: str, said: str) -> None:
    assert echo(Host=host)["X-Host"] == said
