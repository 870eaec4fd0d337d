"""The site's own people at work: they publish, change content and what is kept of visitors, and note when."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

import requests

from tests.edge import people, worlds
from tests.edge.history import History
from tests.edge.judge import States
from tests.edge.people import Facts, Person

KEY = "a-key-for-the-run-0123456789"
TIMEOUT_S, AGAIN_S = 60, 0.02
SEEN_IN = "s.open"
"""A slot of every document, the first one too; its trace tells which segments a visitor is in."""
KINDS: Mapping[str, int] = {"content": 5, "touch": 5, "publish": 2, "slot": 2, "profile": 6, "delete": 1}


class Management:
    """Changes one thing after another over the API, and writes each into the log of states.

    Attributes:
        spread_s: how far ahead the schedules of what is published reach.
        kinds: how often each kind of change comes, in proportion.
        done: how often each kind of change was made.
    """

    def __init__(self, url: str, random: Random, *, spread_s: float) -> None:
        self._url = url
        self._random = random
        self._session = requests.Session()
        self._tags: dict[str, str] = {}
        self._revision = self._published = 0
        self.spread_s = spread_s
        self.kinds: Mapping[str, int] = KINDS
        self.done: dict[str, int] = {}
        self.states = States(History({}), History({}))

    def begin(self, persons: list[Person]) -> None:
        """The first state: content, what is kept of visitors, a first publication."""
        for name in worlds.ENTRIES:
            self._push(name)
        for one in persons:
            self.states.facts[one.id] = History(Facts())
            facts = people.facts(self._random)
            if one.allows:  # of visitors who refuse nothing is kept, so nothing is sent
                self.remember(one, facts, waits=False)
        self.publish()
        for one in persons:
            if one.allows:
                self._in_force(one, self.states.facts[one.id].last.segments)
        # What was before is gone for everybody once this is through.
        self.states.rules = History(self.states.rules.last)
        self.states.content = History(self.states.content.last)
        self.states.facts = {name: History(found.last) for name, found in self.states.facts.items()}

    def change(self, persons: list[Person]) -> None:
        """Change something."""
        kind = self._random.choices(tuple(self.kinds), tuple(self.kinds.values()))[0]
        self.done[kind] = self.done.get(kind, 0) + 1
        if kind == "publish":
            self.publish()
        elif kind == "slot":
            self.publish(self._random.choice(worlds.SLOTS))
        elif kind == "profile":
            one = self._random.choice([one for one in persons if one.allows])
            self.remember(one, people.facts(self._random))
        elif kind == "delete":
            self._delete(self._random.choice(worlds.ENTRIES[3:]))
        else:
            self._push(self._random.choice(worlds.ENTRIES), touches=kind == "touch")

    def publish(self, slot: str | None = None) -> None:
        """A new document; with a slot, one in which the rules of that slot alone are others."""
        if slot is None:
            document = worlds.document(self._random, self._published, _now(), self.spread_s)
            self._published += 1
        else:
            document = worlds.of_one_slot(self._random, self.states.rules.last, slot, _now(), self.spread_s)
        began = time.time()
        self._ask("POST", "/v1/rulesets", {"document": document, "publish": True})
        self.states.rules.add(document, began, time.time())

    def cost(self) -> Mapping[str, str]:
        """Who shares each slot of what is published, as the product says it."""
        found = self._ask("GET", "/v1/rulesets/published/cost").json()
        return {one["slot"]: one["sharing"] for one in found["slots"]}

    def _push(self, name: str, *, touches: bool = False) -> None:
        self._revision += 1
        held = self.states.content.last.get(name)
        if touches and held:
            variants = worlds.touched(self._random, held, self._revision)
        else:
            variants = worlds.variants(self._random, name, self._revision, _now(), self.spread_s)
        began = time.time()
        tag = self._tags.get(name)
        answer = self._ask("PUT", f"/v1/content/{name}", worlds.pushed(variants), {"If-Match": tag} if tag else {})
        self._tags[name] = answer.headers["ETag"]
        self.states.content.add({**self.states.content.last, name: variants}, began, time.time())

    def _delete(self, name: str) -> None:
        if name not in self._tags:
            return self._push(name)
        began = time.time()
        self._ask("DELETE", f"/v1/content/{name}", headers={"If-Match": self._tags.pop(name)})
        rest = {key: value for key, value in self.states.content.last.items() if key != name}
        self.states.content.add(rest, began, time.time())
        return None

    def remember(self, one: Person, facts: Facts, *, waits: bool = True) -> None:
        """Have other things kept of a visitor who allows it. ``waits``: until decisions see each of them."""
        history = self.states.facts[one.id]
        before = history.last
        began = time.time()
        gone = dict.fromkeys(before.profile.keys() - facts.profile.keys())
        self._ask("PATCH", f"/v1/visitors/{one.id}", {"attributes": {**facts.profile, **gone}})
        # Each request is a change of its own, so each makes a state of its own.
        held = before.segments
        history.add(Facts(facts.profile, held), began, time.time())
        for name in people.LISTS:
            if (name in facts.segments) == (name in held):
                continue
            began = time.time()
            if name in facts.segments:
                self._ask("POST", f"/v1/segments/{name}/members", {"members": [{"id": one.id}]})
                held |= {name}
            else:
                self._ask("DELETE", f"/v1/segments/{name}/members", {"ids": [one.id]})
                held -= {name}
            if waits:
                self._in_force(one, held)
            history.add(Facts(facts.profile, held), began, time.time())

    def _in_force(self, one: Person, segments: frozenset[str]) -> None:
        """Wait until decisions see these lists. The answer to their change says that it is kept; the visitor's view is
        made anew by a worker, within a second mostly, and until then the state before is the right one."""
        until = time.monotonic() + TIMEOUT_S
        body = {"slots": [{"id": SEEN_IN}], "visitor": {"id": one.id}, "options": {"explain": True}}
        while True:
            told = self._ask("POST", "/v1/personalize", body).json()
            if segments == set(told["slots"][SEEN_IN]["trace"]["segments"]) & set(people.LISTS):
                return
            assert time.monotonic() < until, f"{one.id} is not in {segments} yet: {told}"
            time.sleep(AGAIN_S)

    def _ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        sent = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})}
        data = None if body is None else json.dumps(body)
        answer = self._session.request(method, self._url + path, data=data, headers=sent, timeout=TIMEOUT_S)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:2_000]}\n{data}"
        return answer

    def close(self) -> None:
        self._session.close()


def _now() -> datetime:
    return datetime.now(UTC)
