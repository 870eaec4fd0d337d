"""A visitor reads three sci-fi stories and sees sci-fi next: `python sci_fi.py MANAGEMENT_KEY [URL]`."""

import sys
import time
import uuid
from typing import Any

import requests

key = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
url = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000"

STORIES = {
    "a-slow-ship": ("A slow ship to Ceres", "sci-fi"),
    "orbit-of-glass": ("Orbit of glass", "sci-fi"),
    "robots-at-dusk": ("Robots at dusk", "sci-fi"),
    "the-next-gate": ("The next gate", "sci-fi"),
    "bread-for-beginners": ("Bread for beginners", "cooking"),
}
PATTERN = {"event": "view", "where": {"content.topics": "sci-fi"}, "count": {"gte": 3}, "within": "30m"}
PIN = {"pin": {"content.topics": "sci-fi"}}
DOCUMENT: dict[str, list[dict[str, Any]]] = {
    "slots": [{"id": "stories.next", "name": "Read next", "select": {"content.type": "story"}}],
    "segments": [{"id": "reads-sci-fi", "name": "Reads science fiction", "pattern": PATTERN, "lasts": "7d"}],
    "rules": [
        {"id": "bread-first", "slot": "stories.next", "then": [{"boost": {"content.topics": "cooking"}, "by": 1}]},
        {"id": "more-sci-fi", "slot": "stories.next", "when": {"segment": "reads-sci-fi"}, "then": [PIN]},
    ],
}


def call(method: str, path: str, body: object = None, **headers: str) -> Any:
    """One request. What is there already (409) is as good as made; what is not there yet (404) may come."""
    try:
        answer = requests.request(method, url + path, json=body, headers={"X-Tessera-Key": key, **headers}, timeout=10)
    except requests.ConnectionError:
        sys.exit(f"Nothing answers at {url}: start it with `make run`, or name another address after the key.")
    if answer.status_code in (401, 403):
        sys.exit(f"{url} does not take this key: {answer.json()['detail']} `make run` prints the one to use.")
    if answer.status_code not in (404, 409):
        answer.raise_for_status()
    return answer.json()


def prepare() -> None:
    """Push the stories, and publish the document beside what is published already."""
    for name, (title, topic) in STORIES.items():
        variant = {"type": "story", "fields": {"title": title, "topics": [topic]}}
        call("POST", "/v1/content", {"id": name, "variants": [variant]})
    served = call("GET", "/v1/rulesets/history?limit=1")["items"][0]["number"]
    whole = call("GET", f"/v1/rulesets/{served}")["document"]
    for section, items in DOCUMENT.items():
        ours = [one["id"] for one in items]
        whole[section] = [one for one in whole.get(section, []) if one["id"] not in ours] + items
    version = call("POST", "/v1/rulesets", {"document": whole})["number"]
    call("POST", f"/v1/rulesets/{version}/publish")


def ask(visitor: str, seen: tuple[str, ...] = ()) -> Any:
    """What stands in the slot for a visitor, and why; a publication takes up to a second to be there."""
    slot = {"id": "stories.next", "exclude": seen}
    body = {"slots": [slot], "visitor": {"id": visitor}, "options": {"explain": True}}
    while "slots" not in (answer := call("POST", "/v1/personalize", body)):
        time.sleep(0.1)
    return answer["slots"]["stories.next"]


def told(slot: Any) -> str:
    """The story, and the rule that put it there."""
    block = slot["blocks"][0]
    return f"{block['fields']['title']} (rule {block['reason']['rule']})"


prepare()
visitor = uuid.uuid4().hex
while ask(visitor)["trace"]["rules"][0]["status"] == "held out":  # one in twenty of the sample site sees no rules
    visitor = uuid.uuid4().hex
print("at first:", told(ask(visitor)))
read = tuple(STORIES)[:3]
for number, story in enumerate(read, 1):
    event = {"id": uuid.uuid4().hex, "type": "view", "content_id": story, "visitor_id": visitor}
    call("POST", "/v1/events", {"events": [event]}, Prefer="wait=5")
    print(f"read {STORIES[story][0]}, next:", told(ask(visitor, read[:number])))
