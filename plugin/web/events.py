"""`POST /v1/events`: what visitors did. Answered once it is durable; the work happens afterwards."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from plugin.errors import FieldError, MalformedRequest, ValidationFailed
from plugin.service.events.ingest import Ingesting
from plugin.web.body import escaped, unique
from plugin.web.incoming import is_server, raw_request, require_json
from plugin.web.operations import DELIVERY, Answer, Call, Incoming, Operation, RawBody
from plugin.web.schemas.events import MOST_EVENTS, EventsAnswer, EventsRequest

LONGEST_WAIT_S = 5.0
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,4}(?:\.[0-9]{1,3})?)\"?(?:$|[,;\s])", re.IGNORECASE)
_MEMBER = re.compile(r"(missing required|contains unknown) field `(.*)`$", re.DOTALL)


class _Sent(msgspec.Struct, forbid_unknown_fields=True):
    # Each event stays as it came, so that one that is no JSON spoils no other.
    events: list[msgspec.Raw]
    consent: dict[str, Any] | UnsetType | None = UNSET
    user_token: str | UnsetType | None = UNSET


_decoder, _encode = msgspec.json.Decoder(_Sent), msgspec.json.Encoder().encode


def operations(ingesting: Ingesting, *, limit_bytes: int) -> list[Operation]:
    """The one route."""

    def accept(call: Call) -> Answer:
        sent: Incoming = call.body
        require_json(sent)
        body = _read(sent.read())
        raw = raw_request(sent, body.consent or None, trusted=is_server(call))
        taken = ingesting.accept(raw, list(map(bytes, body.events)), token=body.user_token or None)
        wait = _WAIT.search(sent.headers.get("prefer", ""))
        headers = {}
        if wait is not None and ingesting.applied(taken, min(float(wait[1]), LONGEST_WAIT_S)):
            headers["Preference-Applied"] = f"wait={wait[1]}"
        return Answer(taken, status=202, headers=headers)

    return [
        Operation(
            name="events",
            method="POST",
            path="/v1/events",
            summary="Tell what visitors did",
            description=(
                "Each event is judged alone. 202 once those accepted are durable; `Prefer: wait=0.3` answers when they "
                "are applied, or after so many seconds. Bodies of `navigator.sendBeacon` are read, with the key as "
                "`?key=`."
            ),
            tag="delivery",
            access=DELIVERY,
            body=RawBody(limit_bytes, EventsRequest),
            answers={202: EventsAnswer},
            refusals=(415, 422, 503),
            beacon=True,
            run=accept,
        )
    ]


def _read(raw: bytes) -> _Sent:
    try:
        found = _decoder.decode(raw)
        single = _is_single(raw, found)
    except msgspec.ValidationError as error:
        raise ValidationFailed([_fault(str(error))]) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        lenient = _leniently(raw)
        if lenient is None:
            told = "is nested too deep" if isinstance(error, RecursionError) else f"is not JSON: {error}"
            raise MalformedRequest(f"The body {told}.") from error
        found, single = lenient, False
    if not single:
        _refuse_twice(raw)
    if not found.events:
        raise ValidationFailed([FieldError("/events", "one event at least")])
    if len(found.events) > MOST_EVENTS:
        detail = (
            f"{MOST_EVENTS:,} events at most, and these are {len(found.events):,}; send the rest in another request"
        )
        raise ValidationFailed([FieldError("/events", detail)])
    return found


def _is_single(raw: bytes, found: _Sent) -> bool:
    """Whether no member around the events came twice, of which the decoder keeps the last.

    Events stay as they came, so where quotation marks are missing, some were in a member that is lost. An escape may
    stand for one more.
    """
    around = _encode((found.consent or None, found.user_token or None))
    return b"\\" not in around and _encode(found).count(b'"') == raw.count(b'"')


def _refuse_twice(raw: bytes) -> None:
    """Raises: MalformedRequest where a member around the events came twice. Each event is judged alone, later."""
    try:
        pairs = json.loads(raw.decode("utf-8", "surrogateescape"), strict=False, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from error
    consent = unique(pairs).get("consent")
    if isinstance(consent, list):
        unique(consent)


class _AsSent(dict[str, Any]):
    """An object that is written with what came twice, for events are judged later."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:  # noqa: ANN401  # the encoder asks for pairs, and takes any
        return self._pairs


def _leniently(raw: bytes) -> _Sent | None:
    """A body whose events alone hold what JSON does not, so that each is judged alone; None where it holds more.

    A browser that cuts a text amid an emoji sends half a surrogate pair, and some languages write NaN.
    """
    try:
        body = json.loads(raw.decode("utf-8", "surrogateescape"), object_pairs_hook=_AsSent)
        events = body["events"]
        found = _decoder.decode(json.dumps({**body, "events": []}))
    except (ValueError, KeyError, TypeError, RecursionError, msgspec.DecodeError):
        return None
    if not isinstance(events, list):
        return None
    found.events = [msgspec.Raw(json.dumps(one)) for one in events]
    return found


def _fault(message: str) -> FieldError:
    """What msgspec says, which ends with a path such as ``at `$.consent` ``; a member of that it names before."""
    told, _, path = message.partition(" - at `$")
    pointer = re.sub(r"\.|\[", "/", path.removesuffix("`")).replace("]", "")
    named = _MEMBER.search(told)
    if named is None:
        return FieldError(pointer, told)
    missing = "missing" in named[1]
    detail = "Missing data for required field." if missing else "Unknown field."
    return FieldError(f"{pointer}/{escaped(named[2])}", detail)
