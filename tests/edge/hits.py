"""The hit run: how often the edge has the answer, and what that saves.

    python -m tests.edge.hits [--quick] [--views N] [--json FILE]

Ten pages on six slots with 50 rules; visitors as in `hits_world`. Pages first, then slot by slot, each from a cold
cache on, with 100 changes of content and one publication in it. README.md says how to read what it prints.
"""

# ruff: noqa: T201 - a script that prints what it found

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import requests

from plugin.bench.processes import Server
from plugin.edge.keys import AUDIENCE, TESSERA
from tests.edge import hits_world as world
from tests.edge import site
from tests.edge.frontend import DELIVERY, frontend
from tests.edge.hits_client import Counted, ask_all, total_of
from tests.edge.hits_world import Kind, View
from tests.edge.management import KEY
from tests.edge.site import Edge
from tests.edge.tampering import Proxy
from tests.edge.wire import Connection, get, post
from tests.servers import free_port, varnish

CLIENTS = 2
CHANGES = 100
COUNTING = """
sub vcl_miss { if (req.http.Tessera-Step == "key") { set req.http.X-Key = "miss"; } }
sub vcl_deliver { if (req.http.X-Key) { set resp.http.X-Key = "miss"; } }
"""
"""Tells the client of lookups that the origin answered; nobody else needs it."""
UNCACHED = (
    "sub tessera_slots {",
    'sub tessera_slots { if (req.http.X-Uncached) { set req.http.Tessera-Step = "pass"; }',
)
"""What makes a request pass, as if nothing of its page could be stored: the same Varnish without its cache."""
CLASS_ROUNDS = 20
VIEWS_PER_CLASS = 5
"""A class cookie holds for a minute: so many views of a visitor, at most one of which asks for it."""


@dataclass(frozen=True)
class Spent:
    """CPU µs of Varnish, and of Tessera with all its processes."""

    edge: float
    origin: float

    @property
    def both(self) -> float:
        return self.edge + self.origin

    def a_request(self, before: Spent, count: int) -> Spent:
        """What each of so many requests cost since then."""
        return Spent((self.edge - before.edge) / count, (self.origin - before.origin) / count)

    def rounded(self) -> dict[str, float]:
        return {"edge": round(self.edge, 1), "origin": round(self.origin, 1), "both": round(self.both, 1)}


@dataclass
class Bench:
    """What is running, and the processes whose time counts."""

    edge: Edge
    session: requests.Session
    origin: Server
    cache: Server
    tags: dict[str, str] = field(default_factory=dict)

    def cpu_us(self) -> Spent:
        """Of edge and origin, until now."""
        return Spent(self.cache.cpu_us(), self.origin.cpu_us())

    def manage(self, method: str, path: str, body: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {KEY}"}
        if path in self.tags:
            headers["If-Match"] = self.tags[path]
        answer = self.session.request(method, self.edge.origin.url + path, json=body, headers=headers, timeout=60)
        assert answer.ok, (method, path, answer.status_code, answer.text[:500])
        if method == "PUT":
            self.tags[path] = answer.headers["ETag"]
        return answer


@contextmanager
def running() -> Iterator[Bench]:
    """Tessera with two processes, Varnish, and the site's pages between them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tessera-hits-")))
        port = free_port()
        served = stack.enter_context(site.origin(folder, purges=port, lives=""))
        pages = stack.enter_context(frontend(served.port))
        text = site.vcl(served.port, pages, campaign_header=True).replace(*UNCACHED) + COUNTING
        stack.enter_context(varnish(text, port))
        edge = Edge(port, served, Proxy(0, 0), Proxy(0, 0))
        session = stack.enter_context(requests.Session())
        yield Bench(edge, session, Server(_child("plugin.cli"), served.port), Server(_child("varnishd"), port))


def _child(word: str) -> int:
    """The process that was started with this word in its command."""
    for children in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            if word in Path(f"/proc/{pid}/cmdline").read_text():
                return pid
    raise LookupError(word)


def prepare(bench: Bench, kinds: Sequence[Kind]) -> None:
    """Content, rules, and for each kind of visitor one who stands for it."""
    for name in world.entries():
        bench.manage("PUT", f"/v1/content/{name}", world.entry(name, 0))
    publish(bench, "first")
    for segment in world.SEGMENTS:
        members = [{"id": kind.name} for kind in kinds if kind.segment == segment]
        if members:
            bench.manage("POST", f"/v1/segments/{segment}/members", {"members": members})
    before = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    events = [
        {"id": f"before-{kind.name}", "type": "view", "visitor_id": kind.name, "time": before}
        for kind in kinds
        if kind.returning
    ]
    for start in range(0, len(events), 500):
        said = bench.manage("POST", "/v1/events", {"events": events[start : start + 500]}).json()
        assert not said["rejected"], said
    time.sleep(3)  # they are applied within a second or two; a kind that is not is one kind fewer, and no fault


def publish(bench: Bench, marker: str) -> None:
    bench.manage("POST", "/v1/rulesets", {"document": world.document(marker), "publish": True})


def classes(bench: Bench, kinds: Sequence[Kind]) -> dict[str, bytes]:
    """The class cookies of all kinds, by name."""
    found = {}
    with Connection(bench.edge.port) as connection:
        for kind in kinds:
            body = json.dumps({"visitor": {"id": kind.name}}).encode()
            agent = {"User-Agent": world.DEVICES["desktop"][0]}
            reply = connection.ask(post(f"/v1/class?key={DELIVERY}", agent, "shop.example", body))
            cookie = reply.headers["set-cookie"].partition(";")[0].partition("=")[2]
            if cookie:
                found[kind.name] = cookie.encode()
    return found


def asked(views: Sequence[View], *, by_slot: bool) -> list[tuple[bytes, str, bytes]]:
    """Views as requests with room for a class cookie: whole pages, or one slot of the page."""
    made: dict[tuple[str, str, str, str | None], tuple[bytes, bytes]] = {}
    random, found = Random("slots"), []
    for view in views:
        slots = world.PAGES[view.page]
        what = random.choice(slots) if by_slot else view.page
        key = (what, view.visitor.country, view.visitor.agent, view.campaign)
        if key not in made:
            headers = {"User-Agent": view.visitor.agent, "CF-IPCountry": view.visitor.country}
            if by_slot:
                path = f"/v1/personalize?slots={what}&key={DELIVERY}"
                headers |= {"X-Campaign": view.campaign} if view.campaign else {}
            else:
                path = f"/page?page={view.page}&slots={','.join(slots)}"
                path += f"&utm_campaign={view.campaign}" if view.campaign else ""
            whole = get(path, headers, "shop.example")
            made[key] = whole[:-2], b"\r\n"
        head, tail = made[key]
        found.append((head, view.visitor.kind.name if view.visitor.has_class else "", tail))
    return found


def phase(bench: Bench, wanted: Sequence[tuple[bytes, str, bytes]], kinds: Sequence[Kind], marker: str) -> Any:
    """Ask for everything from a cold cache on, while content changes and, half-way, rules are published."""
    bench.edge.purge(AUDIENCE, TESSERA)
    time.sleep(1)
    parts = [wanted[number::CLIENTS] for number in range(CLIENTS)]
    names, changed = world.entries(), 0
    published = False
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(CLIENTS, mp_context=context) as pool:
        cookies = manager.dict(classes(bench, kinds))
        done = [manager.Value("i", 0) for _ in range(CLIENTS)]
        before, began = bench.cpu_us(), time.monotonic()
        jobs = [
            pool.submit(ask_all, bench.edge.port, part, cookies, one) for part, one in zip(parts, done, strict=True)
        ]
        while not all(job.done() for job in jobs):
            share = sum(one.value for one in done) / len(wanted)
            if share > 0.5 and not published:
                publish(bench, marker)
                cookies.update(classes(bench, kinds))
                published = True
            elif changed < min(CHANGES, int(share / 0.95 * CHANGES)):
                changed += 1
                name = names[changed % len(names)]
                bench.manage("PUT", f"/v1/content/{name}", world.entry(name, changed))
            else:
                time.sleep(0.05)
        lasted, spent = time.monotonic() - began, bench.cpu_us().a_request(before, len(wanted))
        counts = [job.result() for job in jobs]
    total = total_of(counts)
    return {
        "requests": total.asked,
        "hit_percent": round(100 * total.stored / total.asked, 2),
        "key_fetches_percent": round(100 * total.keys / total.asked, 2),
        "passed": total.passed,
        "statuses": dict(total.statuses),
        "content_changes": changed,
        "published": published,
        "mean_bytes": total.bytes // total.asked,
        "seconds": round(lasted, 1),
        "cpu_us_a_request": spent.rounded(),
    }


def passed(bench: Bench, views: Sequence[View]) -> Spent:
    """CPU µs of a view through the same Varnish when nothing is stored: the site asks Tessera for each of them.

    By as many clients at once as in `phase`, for what is busy beside a process bears on what its work costs.
    """
    found = []
    for view in views:
        slots = world.PAGES[view.page]
        headers = {"User-Agent": view.visitor.agent, "CF-IPCountry": view.visitor.country, "X-Uncached": "1"}
        if view.visitor.has_class:
            headers["Cookie"] = f"tessera_visitor={view.visitor.kind.name}"
        path = f"/page?page={view.page}&slots={','.join(slots)}"
        path += f"&utm_campaign={view.campaign}" if view.campaign else ""
        found.append((get(path, headers, "shop.example"), "", b""))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CLIENTS, mp_context=context) as pool:

        def ask(some: Sequence[tuple[bytes, str, bytes]]) -> Counted:
            parts = [some[number::CLIENTS] for number in range(CLIENTS)]
            jobs = [pool.submit(ask_all, bench.edge.port, part, {}, _Nothing()) for part in parts]
            return total_of(job.result() for job in jobs)

        ask(found[:300])
        before = bench.cpu_us()
        done = ask(found)
        spent = bench.cpu_us().a_request(before, len(found))
    assert done.passed == done.statuses[200] == len(found), done
    return spent


def posted(bench: Bench, views: Sequence[View]) -> float:
    """CPU µs of the origin alone for a view, asked as a site's own server asks: no Varnish, and no site."""
    requests_ = [_by_server(view) for view in views]
    with Connection(bench.edge.origin.port) as connection:
        for request in requests_[:300]:
            connection.ask(request)
        before = bench.origin.cpu_us()
        for request in requests_:
            assert connection.ask(request).status == 200
        return (bench.origin.cpu_us() - before) / len(requests_)


def _by_server(view: View) -> bytes:
    body: dict[str, Any] = {
        "slots": [{"id": name} for name in world.PAGES[view.page]],
        "context": {
            "url": f"https://shop.example/{view.page}?" + (f"utm_campaign={view.campaign}" if view.campaign else ""),
            "user_agent": view.visitor.agent,
            "geo": {"country": view.visitor.country},
        },
    }
    if view.visitor.has_class:
        body["visitor"] = {"id": view.visitor.kind.name}
    return post("/v1/personalize", {"Authorization": f"Bearer {KEY}"}, "tessera", json.dumps(body).encode())


def of_class(bench: Bench, kinds: Sequence[Kind]) -> float:
    """CPU µs of edge and origin for one class cookie."""
    classes(bench, kinds)
    before = bench.cpu_us()
    for _round in range(CLASS_ROUNDS):
        classes(bench, kinds)
    return bench.cpu_us().a_request(before, CLASS_ROUNDS * len(kinds)).both


def against_static(bench: Bench, wanted: Sequence[tuple[bytes, str, bytes]], cookies: Any, size: int, each: int) -> Any:
    """CPU µs of Varnish for a personalized hit, and for a static page of that size, in turn.

    The static page is asked for twice: with what the same browser sends to the page that is personalized, but for
    cookies, for which Varnish by itself stores nothing; and by a request that says nothing but its host.
    """
    browser = {"User-Agent": world.DEVICES["desktop"][0], "CF-IPCountry": world.COUNTRIES[0]}
    static, bare = (
        [(get(f"/static?bytes={size}", headers, "shop.example"), "", b"")] * each for headers in (browser, {})
    )
    asked_for = {"personalized": wanted[:each], "static": static, "static_without_headers": bare}
    spent: dict[str, list[float]] = {name: [] for name in asked_for}
    stored = []
    for _round in range(7):
        for name, some in asked_for.items():
            before = bench.cache.cpu_us()
            done = ask_all(bench.edge.port, some, cookies, _Nothing())
            spent[name].append((bench.cache.cpu_us() - before) / len(some))
            if name == "personalized":
                stored.append(done.stored / done.asked)
    warm = {name: some[1:] for name, some in spent.items()}  # the first fills the cache

    def ratio(name: str) -> float:
        return round(median(one / other for one, other in zip(warm["personalized"], warm[name], strict=True)), 2)

    return {
        "bytes": size,
        **{f"{name}_us": round(median(some), 1) for name, some in warm.items()},
        "ratio": ratio("static"),
        "ratio_without_headers": ratio("static_without_headers"),
        "hit_percent": round(100 * stored[-1], 2),
    }


class _Nothing:
    value = 0


def to_first_new(bench: Bench, wanted: Sequence[tuple[bytes, str, bytes]], cookies: Any, times: int) -> Any:
    """Seconds from a publication to the first answer at the edge that shows it, while visitors go on asking."""
    context = multiprocessing.get_context("spawn")
    sent, confirmed = [], []
    with context.Manager() as manager, ProcessPoolExecutor(1, mp_context=context) as pool:
        job = pool.submit(ask_all, bench.edge.port, wanted, manager.dict(cookies), manager.Value("i", 0))
        request = get("/page?page=home&slots=" + ",".join(world.SLOTS), {"CF-IPCountry": "FR"}, "shop.example")
        with Connection(bench.edge.port) as connection:
            for number in range(times):
                began = time.monotonic()
                publish(bench, f"number-{number}")
                ended = time.monotonic()
                marker = f'"number-{number}"'.encode()
                while marker not in connection.ask(request).body:
                    assert time.monotonic() - ended < 30, "it never came"
                    time.sleep(0.002)
                now = time.monotonic()
                sent.append(now - began)
                confirmed.append(now - ended)
                time.sleep(0.2)
        under_traffic = not job.done()
        for process in pool._processes.values():  # what is left of it is not needed
            process.terminate()
    place = max(0, -(-times * 99 // 100) - 1)
    return {
        "publications": times,
        "traffic_until_the_end": under_traffic,
        "p50_s": round(median(confirmed), 3),
        "p99_s": round(sorted(confirmed)[place], 3),
        "p99_from_the_call_s": round(sorted(sent)[place], 3),
    }


def vary_on_raw(views: Sequence[View]) -> float:
    """What `Vary` on the attributes themselves would hit, in percent: the same views, changes and publication."""
    stored: set[tuple[object, ...]] = set()
    hits, changed, names = 0, 0, world.entries()
    for number, view in enumerate(views):
        if number == len(views) // 2:
            stored.clear()
        while changed < int(number / len(views) / 0.95 * CHANGES):
            changed += 1
            slot = names[changed % len(names)].rpartition("-")[0]
            stored = {one for one in stored if slot not in world.PAGES[str(one[0])]}
        one = view.visitor
        kind = one.kind if one.has_class else None
        key = (view.page, one.country, one.agent, view.campaign, kind)
        hits += key in stored
        stored.add(key)
    return round(100 * hits / len(views), 1)


def run(count: int, *, times: int) -> dict[str, Any]:
    """All of it; `count` views in each part."""
    random = Random("hits 1")
    people = world.visitors(random)
    views = world.views(random, people, count)
    kinds = sorted({one.kind for one in people if one.has_class}, key=lambda kind: kind.name)
    with running() as bench:
        prepare(bench, kinds)
        pages = phase(bench, asked(views, by_slot=False), kinds, "second")
        slots = phase(bench, asked(views, by_slot=True), kinds, "third")
        through = passed(bench, views[: min(count, 5_000)])
        alone = posted(bench, views[: min(count, 5_000)])
        cookies = classes(bench, kinds)
        one_class = of_class(bench, kinds)
        warm = asked(views[:20_000], by_slot=False)
        beside = against_static(bench, warm, cookies, pages["mean_bytes"], min(count, 5_000))
        first = to_first_new(bench, asked(views, by_slot=False), cookies, times)
    with_class = sum(1 for view in views if view.visitor.has_class) / count
    cached = pages["cpu_us_a_request"]["both"]
    and_classes = cached + with_class * one_class / VIEWS_PER_CLASS
    return {
        "world": {
            "views": count,
            "rules": world.RULES,
            "slots": len(world.SLOTS),
            "pages": len(world.PAGES),
            "segments": len(world.SEGMENTS),
            "visitors": len(people),
            "kinds_of_visitors": len(kinds),
            "with_a_class_percent": round(100 * with_class, 1),
            "campaign_percent": 100 * world.CAMPAIGN_SHARE,
            "zones": "none sent: no rule reads the clock",
        },
        "pages": pages,
        "slots": slots,
        "vary_on_raw_attributes_hit_percent": vary_on_raw(views),
        "uncached_cpu_us_a_view": through.rounded(),
        "posted_cpu_us_a_view": round(alone, 1),
        "class_cookie_cpu_us": round(one_class, 1),
        "cpu_percent_of_uncached": round(100 * cached / through.both, 1),
        "cpu_percent_of_uncached_with_classes": round(100 * and_classes / through.both, 1),
        "cpu_percent_of_posted": round(100 * cached / alone, 1),
        "cpu_percent_of_posted_with_classes": round(100 * and_classes / alone, 1),
        "hit_against_static": beside,
        "publish_to_first_new": first,
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--quick", action="store_true", help="10,000 views and 10 publications")
    words.add_argument("--views", type=int, default=200_000)
    words.add_argument("--json", type=Path, help="a file for the report")
    given = words.parse_args()
    found = run(10_000 if given.quick else given.views, times=10 if given.quick else 100)
    text = json.dumps(found, indent=2)
    if given.json is not None:
        given.json.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
