"""Visitors who ask for slots at random, by several connections at a time, and what they were answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tests.edge import judge
from tests.edge.frontend import DELIVERY
from tests.edge.judge import Issue, Told
from tests.edge.management import KEY
from tests.edge.people import Person
from tests.edge.wire import Connection, Reply, get, post
from tests.edge.worlds import SLOTS

CLASS_COOKIE = "tessera_class"
CLASS_S = 60.0
"""How long browsers keep a class cookie."""
SETS: Sequence[tuple[str, ...]] = (
    *((name,) for name in SLOTS[:-1]),
    *((name,) for name in ("s.input", "s.class", "s.tags")),
    ("s.open", "s.input"),
    ("s.class", "s.tags", "s.campaign"),
    ("s.input", "s.private"),
)
"""The slots that pages show."""
Ask = Callable[["Browser", Person], Told]


@dataclass
class Browser:
    """One connection with the visitors who use it."""

    connection: Connection
    random: Random
    persons: Sequence[Person]
    issues: dict[str, Issue] = field(default_factory=dict)


def by_server(browser: Browser, person: Person) -> Told:
    """The site's own server asks, by POST, and tells everything that it knows."""
    slots = browser.random.sample(SLOTS, browser.random.randint(1, 3))
    headers = {"Authorization": f"Bearer {KEY}"}
    if person.refuses:
        headers["Sec-GPC"] = "1"
    body = json.dumps(person.body(slots)).encode()
    began = time.time()
    reply = browser.connection.ask(post("/v1/personalize", headers, "origin", body))
    return told_of("/page", slots, reply, Told(person, {}, began, time.time(), note="POST"))


def by_edge(browser: Browser, person: Person) -> Told:
    """A page or a fragment through the edge; now and then the browser asks for its class before."""
    issue = _class_of(browser, person)
    slots = browser.random.choice(SETS)
    kind = browser.random.choices(("/page", "/esi", "/v1/personalize"), (4, 3, 3))[0]
    if kind == "/v1/personalize":  # has no campaign: that is the page's
        path = f"{kind}?slots={','.join(slots)}&key={DELIVERY}"
    else:
        path = f"{kind}?slots={','.join(slots)}{person.query()}"
    request = get(path, person.headers(issue.cookie if issue else None), "shop.example")
    began = time.time()
    reply = browser.connection.ask(request)
    ended = time.time()
    return told_of(kind, slots, reply, Told(person, {}, began, ended, issue, note=f"GET {path}"))


def told_of(kind: str, slots: Sequence[str], reply: Reply, told: Told) -> Told:
    """What a page shows, slot by slot; every slot must be there."""
    said = f"{told.note} -> {reply.status} {dict(reply.headers)}"
    if reply.status != 200:
        return replace(told, note=f"{said} {reply.body[:500]!r}")
    parts = [json.loads(line) for line in reply.body.split(b"\n") if line.startswith(b"{")]
    shown = {name: judge.seen(slot) for part in parts for name, slot in part["slots"].items()}
    own = frozenset(name for part in parts if part.get("decision_id") is not None for name in part["slots"])
    if shown.keys() != set(slots):
        return replace(told, note=f"{said} {reply.body[:500]!r}")
    return replace(told, slots=shown, personal=own, note=said, of_page=kind != "/v1/personalize")


def _class_of(browser: Browser, person: Person) -> Issue | None:
    """The class that the browser has now; it asks for one as the script does, and drops it when it is over."""
    issue, now = browser.issues.get(person.id), time.time()
    over = issue is not None and now > issue.ended + CLASS_S
    if over:
        issue = browser.issues.pop(person.id, None) and None
    if not person.takes_cookies or not (issue is None or browser.random.random() < 0.05):
        return issue
    if issue is None and browser.random.random() < 0.3:
        return None  # the first view comes before the script has asked
    made = browser.issues[person.id] = class_of(browser.connection, person, issue.cookie if issue else None)
    return made


def class_of(connection: Connection, person: Person, cookie: str | None = None) -> Issue:
    """The class that is given to a visitor; ``cookie``: of the one they have."""
    began = time.time()
    reply = connection.ask(post(f"/v1/class?key={DELIVERY}", person.headers(cookie), "edge", b"{}"))
    ended = time.time()
    assert reply.status == 204, (reply.status, reply.body)
    return Issue(began, ended, _cookie(reply))


def _cookie(reply: Reply) -> str | None:
    """The class cookie of an answer; None where it takes it away."""
    given = reply.headers.get("set-cookie", "")
    if not given.startswith(f"{CLASS_COOKIE}=") or "max-age=0" in given.lower():
        return None
    return given.partition("=")[2].partition(";")[0]


def run(
    port: int,
    ask: Ask,
    persons: Sequence[Person],
    *,
    requests: int,
    lasts_s: float,
    seed: str,
    connections: int = 4,
) -> list[Told]:
    """So many requests, evenly over so many seconds; the answers in the order of their ends."""
    told: list[Told] = []
    faults: list[BaseException] = []
    start = time.monotonic()

    def use(number: int) -> None:
        try:
            with Connection(port) as connection:
                mine = persons[number::connections]
                browser = Browser(connection, Random(f"{seed} {number}"), mine)
                for turn in range(number, requests, connections):
                    time.sleep(max(0.0, start + turn * lasts_s / requests - time.monotonic()))
                    told.append(ask(browser, browser.random.choice(mine)))
        except BaseException as fault:  # noqa: BLE001 - raised again by who waits
            faults.append(fault)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return sorted(told, key=lambda one: one.ended)
