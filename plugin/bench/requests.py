"""The invented visitors as HTTP requests: what a browser behind a CDN sends for `POST /v1/personalize`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random

from plugin.bench.generator import GENERATOR_VERSION

DELIVERY_KEY = "bench-delivery-key"
PATH = "/v1/personalize"
USER_AGENTS = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0"
    " Chrome/122.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
    " Edg/131.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Safari/605.1.15",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
    " Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
)


def raw_requests(people: Sequence[Mapping[str, object]], slots: Sequence[str], host: str) -> list[bytes]:
    """One request for each visitor, ready to be sent over a kept connection.

    Place comes from a CDN's headers, network quality from client hints, the rest from the body. What only a profile
    would know is not sent.
    """
    random = Random(f"{GENERATOR_VERSION} requests")
    return [_request(attributes, slots, host, random.choice(USER_AGENTS)) for attributes in people]


def _request(attributes: Mapping[str, object], slots: Sequence[str], host: str, agent: str) -> bytes:
    body = json.dumps(_body(attributes, slots), separators=(",", ":")).encode()
    headers = {
        "Host": host,
        "User-Agent": agent,
        "Accept": "application/json",
        "Accept-Language": attributes.get("request.locale"),
        "Accept-Encoding": "gzip, br",
        "Content-Type": "application/json",
        "X-Tessera-Key": DELIVERY_KEY,
        "X-Forwarded-For": "203.0.113.7",
        "CF-IPCountry": attributes.get("geo.country"),
        "CF-IPCity": attributes.get("geo.city"),
        "CF-Region-Code": attributes.get("geo.region"),
        "CF-Timezone": "Europe/Paris",
        "ECT": attributes.get("network.effective_type"),
        "RTT": attributes.get("network.rtt_ms"),
        "Content-Length": len(body),
    }
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _body(attributes: Mapping[str, object], slots: Sequence[str]) -> dict[str, object]:
    path = attributes.get("request.path", "/")
    tags = {
        key: attributes[f"request.utm.{key}"] for key in ("campaign", "source") if f"request.utm.{key}" in attributes
    }
    query = "&".join(f"utm_{key}={value}" for key, value in tags.items())
    referrer = attributes.get("request.referrer_host")
    custom = {name[7:]: value for name, value in attributes.items() if name.startswith("custom.")}
    return {
        "slots": [{"id": slot} for slot in slots],
        "visitor": {"id": attributes["visitor.id"]},
        "context": {
            "url": f"https://shop.example{path}?{query}",
            **({"referrer": f"https://{referrer}/"} if referrer else {}),
            "locale": attributes.get("request.locale", "en"),
            "timezone": "Europe/Paris",
            "consent": {"personalization": True},
            "custom": custom,
        },
    }
