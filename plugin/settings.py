"""Settings: ``TESSERA_*`` environment variables over ``tessera.toml`` over the defaults below.

The key of a setting in the file is its field's name, and in the environment that name in capitals behind
``TESSERA_``; spans of time add their unit (``score_timeout_ms``). The file is ``./tessera.toml``, or what
``TESSERA_CONFIG`` names. Paths in the file are relative to the file, others to the working directory.
Anywhere in the file ``{env = "NAME"}`` stands for the text of that variable, so that it holds no secrets.
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

from plugin import setting_kinds as kinds
from plugin.errors import SettingsError
from plugin.flow.signals.policy import UNREADABLE_HEADERS
from plugin.setting_kinds import DeliveryKey, ManagementKey, Network, Plugged, Secret
from rules.suggest import nearest

__all__ = ["DeliveryKey", "ManagementKey", "Plugged", "Secret", "Settings", "describe", "load", "signing_key"]

PREFIX = "TESSERA_"
CDNS = ("cloudflare", "cloudfront", "fastly", "vercel")
FORWARDED = ("x-forwarded-for", "forwarded")
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})


@dataclass(frozen=True, slots=True)
class _Read:
    """How a setting is read; ``unit`` ends its key."""

    kind: Callable[[object], object]
    unit: str = ""


_MILLISECONDS = _Read(kinds.milliseconds(1, 600_000), unit="_ms")
_LOCAL = Plugged("stream", "local", MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, typed, with its default. Of the two without, `load` derives it from another setting."""

    bind: Annotated[str, _Read(kinds.address)] = "127.0.0.1:8000"
    public_url: Annotated[str, _Read(kinds.web_url)]  # default: http:// and bind
    workers: Annotated[int, _Read(kinds.whole(1, 64))] = 1
    log_level: Annotated[str, _Read(kinds.one_of("debug", "info", "warning", "error"))] = "info"
    demo: Annotated[bool, _Read(kinds.flag)] = False  # the demo storefront at /

    data_dir: Annotated[Path, _Read(kinds.path)] = Path("var")
    database_url: Annotated[Secret, _Read(kinds.database_url)]  # default: SQLite, tessera.db in data_dir
    secret_key: Annotated[Secret | None, _Read(kinds.secret)] = None  # signs tokens; see `signing_key`

    delivery_keys: Annotated[tuple[DeliveryKey, ...], _Read(kinds.delivery_keys)] = ()
    management_keys: Annotated[tuple[ManagementKey, ...], _Read(kinds.management_keys)] = ()

    trusted_proxies: Annotated[tuple[Network, ...], _Read(kinds.listed(kinds.network))] = ()
    cdns: Annotated[tuple[str, ...], _Read(kinds.listed(kinds.one_of(*CDNS)))] = CDNS  # whose geography headers
    forwarded: Annotated[tuple[str, ...], _Read(kinds.listed(kinds.one_of(*FORWARDED)))] = FORWARDED
    allowed_cookies: Annotated[tuple[str, ...], _Read(kinds.listed(kinds.token))] = ()
    allowed_headers: Annotated[tuple[str, ...], _Read(kinds.listed(kinds.token))] = ()  # in lower case
    geo_database: Annotated[Path | None, _Read(kinds.path)] = None  # MaxMind's format
    deny_consent_by_default: Annotated[bool, _Read(kinds.flag)] = False

    sources: Annotated[Mapping[str, Plugged], _Read(kinds.plugged_but("api"))] = field(default_factory=dict)
    models: Annotated[Mapping[str, Plugged], _Read(kinds.plugged)] = field(default_factory=dict)
    edges: Annotated[Mapping[str, Plugged], _Read(kinds.plugged)] = field(default_factory=dict)

    stream: Annotated[Plugged, _Read(kinds.plugged_one)] = _LOCAL  # where accepted events wait to be applied
    redis_url: Annotated[Secret | None, _Read(kinds.redis_url)] = None  # copies of profiles, for fast reads
    apply_events: Annotated[bool, _Read(kinds.flag)] = True  # in the serving processes, beside `tessera worker`
    visitor_keys: Annotated[tuple[Secret, ...], _Read(kinds.secrets)] = ()  # hash visitor ids; the oldest first
    user_token_key: Annotated[Secret | None, _Read(kinds.secret)] = None  # with which the site signs who logged in
    known_ids_need_token: Annotated[bool, _Read(kinds.flag)] = True  # what browsers send under ids that the site knows
    half_life_days: Annotated[int, _Read(kinds.whole(1, 365))] = 7  # of counters and interests
    keep_events_days: Annotated[int, _Read(kinds.whole(1, 3_650))] = 90
    keep_types_days: Annotated[Mapping[str, int], _Read(kinds.days_by_name)] = field(default_factory=dict)
    keep_profiles_days: Annotated[int, _Read(kinds.whole(1, 3_650))] = 400  # since the visitor was last seen
    keep_audit_days: Annotated[int, _Read(kinds.whole(1, 3_650))] = 730
    keep_dead_letters_days: Annotated[int, _Read(kinds.whole(1, 365))] = 30

    graphql_documents: Annotated[Path | None, _Read(kinds.path)] = None  # JSON: registered documents by SHA-256
    graphql_only_registered: Annotated[bool, _Read(kinds.flag)] = False  # for delivery keys

    max_body_bytes: Annotated[int, _Read(kinds.whole(1_024, 64 * 1_024 * 1_024))] = 512 * 1_024
    score_timeout: Annotated[timedelta, _Read(kinds.milliseconds(1, 10_000), unit="_ms")] = timedelta(milliseconds=80)
    score_max_age_s: Annotated[int, _Read(kinds.whole(0, 31_536_000))] = 86_400  # of scores that stand in for a model
    ruleset_poll: Annotated[timedelta, _MILLISECONDS] = timedelta(milliseconds=100)
    content_poll: Annotated[timedelta, _MILLISECONDS] = timedelta(seconds=1)
    sweep_s: Annotated[int, _Read(kinds.whole(0, 604_800))] = 3_600  # 0: never
    edge_ttl_s: Annotated[int, _Read(kinds.whole(0, 86_400))] = 60  # how long caches keep answers
    edge_stale_s: Annotated[int, _Read(kinds.whole(0, 86_400))] = 60  # and serve them while they fetch new ones
    edge_error_s: Annotated[int, _Read(kinds.whole(0, 86_400))] = 86_400  # and while they get none
    edge_key_ttl_s: Annotated[int, _Read(kinds.whole(0, 86_400))] = 600  # how long edges keep audience keys
    purge_settle: Annotated[timedelta, _MILLISECONDS] = timedelta(seconds=2)  # where no process says what it serves
    purge_wait: Annotated[timedelta, _MILLISECONDS] = timedelta(seconds=10)  # for one that does not serve the new
    purge_again: Annotated[timedelta, _MILLISECONDS] = timedelta(seconds=15)  # the longest time-out of a fetch

    config_file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # field to its source


def load(environ: Mapping[str, str], directory: Path) -> Settings:
    """Read the settings as of a working directory. Nothing is written.

    Raises:
        SettingsError: with every problem, by the name of the variable or the key, and never with a value.
    """
    problems: list[str] = []
    file = _find_file(environ, directory, problems)
    references = _References(environ)
    written = references.resolve(_read(file, problems)) if file else {}
    reads = {f"{name}{read.unit}": (name, read) for name, read in _reads().items()}
    place = file.name if file else ""
    problems += [f"{place}: the variable {name} is not set" for name in references.missing]
    problems += [f"{place}: {unknown}" for unknown in _unknown(written, set(reads))]
    variables = {name for name in environ if name.startswith(PREFIX)} - references.used - {f"{PREFIX}CONFIG"}
    problems += _unknown(variables, {PREFIX + key.upper() for key in reads})

    values: dict[str, Any] = {}
    origins = dict.fromkeys(_reads(), "default")
    for key, (name, read) in reads.items():
        variable = PREFIX + key.upper()
        if variable in environ:
            raw, source, told, base = environ[variable], variable, variable, directory
        elif key in written and file:
            raw, source, told, base = written[key], place, f"{place}: {key}", file.parent
        else:
            continue
        try:
            values[name] = _placed(read.kind(raw), base)
            origins[name] = source
        except kinds.Wanted as wanted:
            problems.append(f"{told}: {wanted}")

    values["data_dir"] = directory / values.get("data_dir", Settings.data_dir)
    values.setdefault("database_url", Secret(f"sqlite:///{values['data_dir'] / 'tessera.db'}"))
    values.setdefault("public_url", f"http://{values.get('bind', Settings.bind)}")
    values["allowed_headers"] = tuple(name.lower() for name in values.get("allowed_headers", ()))
    settings = Settings(**values, config_file=file, origins=origins)
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def signing_key(settings: Settings, generate: Callable[[], str]) -> Secret:
    """The key that signs tokens: the configured one, else one kept in ``data_dir``, made when first needed.

    ``generate`` gives at least 16 random ASCII characters. Processes that ask at the same time get the same
    key. The file is readable by its owner only.

    Raises:
        SettingsError: the file cannot be read or made.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.data_dir / "secret.key"
    try:
        if not path.exists():
            _make_key(path, generate())
        return kinds.secret(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"secret_key: not set, and {path} cannot be used: {_reason(error)}"]) from error


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Rows of name, value as it may be shown, and source, in the order of the fields."""
    return [
        (f"{name}{read.unit}", _shown(getattr(settings, name), name), settings.origins.get(name, "default"))
        for name, read in _reads().items()
    ]


def _reads() -> dict[str, _Read]:
    """The fields that are settings, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        setting.name: read
        for setting in fields(Settings)
        for read in getattr(hints[setting.name], "__metadata__", ())
        if isinstance(read, _Read)
    }


def _find_file(environ: Mapping[str, str], directory: Path, problems: list[str]) -> Path | None:
    named = environ.get(f"{PREFIX}CONFIG")
    file = directory / (named or "tessera.toml")
    if file.is_file():
        return file
    if named:
        problems.append(f"{PREFIX}CONFIG: there is no such file")
    return None


def _read(file: Path, problems: list[str]) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"{file.name}: {_reason(error)}")
    return {}


def _reason(error: OSError | ValueError) -> str:
    """What the error says, without the text that it was about."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)


class _References:
    """Puts the text of a variable where the file says ``{env = "NAME"}``, and remembers the names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.used: set[str] = set()

    @property
    def missing(self) -> list[str]:
        return sorted(self.used - set(self._environ))

    def resolve(self, value: Any) -> Any:  # noqa: ANN401  # any value of TOML
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        name = value.get("env")
        if set(value) == {"env"} and isinstance(name, str):
            self.used.add(name)
            return self._environ.get(name, "")
        return {key: self.resolve(item) for key, item in value.items()}


def _unknown(names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in sorted(set(names) - known):
        prefix = PREFIX if name.startswith(PREFIX) else ""  # in common, it would make any two alike
        near = nearest(name.removeprefix(prefix), [one.removeprefix(prefix) for one in known])
        yield f"{name}: not a setting" + (f"; did you mean {prefix}{near}?" if near else "")


def _placed(value: object, base: Path) -> object:
    """Make paths absolute, in the database's address too."""
    if isinstance(value, Path):
        return base / value
    if isinstance(value, Secret) and value.reveal().startswith("sqlite:///"):
        return Secret(f"sqlite:///{base / value.reveal().removeprefix('sqlite:///')}")
    return value


def _contradictions(settings: Settings) -> Iterator[str]:
    if settings.secret_key is None and not settings.database_url.reveal().startswith("sqlite:"):
        yield "secret_key: needed with PostgreSQL, so that every machine signs alike"
    for name in sorted(_CREDENTIALS & set(settings.allowed_headers)):
        yield f"allowed_headers: {name} holds credentials and cannot be read by rules"
    for name in sorted((UNREADABLE_HEADERS - _CREDENTIALS) & set(settings.allowed_headers)):
        yield f"allowed_headers: {name} holds an address and cannot be read by rules"
    if settings.geo_database is not None and not settings.geo_database.is_file():
        yield "geo_database: there is no such file"

    for name, days in settings.keep_types_days.items():
        if days > settings.keep_events_days:
            yield f"keep_types_days: {name}: no longer than keep_events_days, which is {settings.keep_events_days}"


def _make_key(path: Path, key: str) -> None:
    """Write aside and link: nobody reads half a key, and of several makers the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            return
    finally:
        aside.unlink()


def _shown(value: object, name: str) -> str:
    if name == "database_url" and isinstance(value, Secret):
        return re.sub(r"://[^@/]*@", "://***@", re.sub(r"\?.*", "?***", value.reveal()))
    if isinstance(value, timedelta):
        return str(value // timedelta(milliseconds=1))
    if isinstance(value, Mapping) and all(isinstance(one, int) for one in value.values()):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    if isinstance(value, Mapping):
        return "; ".join(f"{one.name}: {one.adapter} ({', '.join(one.options)})" for one in value.values())
    if isinstance(value, Plugged):
        return f"{value.adapter} ({', '.join(value.options)})" if value.options else value.adapter
    if isinstance(value, tuple):
        return ", ".join(_item(one) for one in value)
    return "" if value is None else str(value)


def _item(value: object) -> str:
    if isinstance(value, DeliveryKey):
        return f"{value.key} for {' '.join(sorted(value.origins)) or 'any origin'}"
    if isinstance(value, ManagementKey):
        return f"{value.name} {value.key} may {' '.join(sorted(value.scopes))}"
    return str(value)
