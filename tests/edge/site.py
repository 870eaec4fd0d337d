"""A Tessera with two processes and a Varnish in front of it, for a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from adapters.edge.varnish import build
from adapters.runtime import Runtime
from plugin.profiles.identity import Hasher
from plugin.settings import load
from plugin.wiring.visiting import hasher_of
from tests.edge.frontend import DELIVERY, frontend
from tests.edge.management import KEY
from tests.edge.tampering import Proxy, proxy
from tests.servers import free_port, varnish
from tests.serving import serving

PURGE_SECRET = "a-shared-secret-of-the-edge"
STALE_S = 1.0
"""How long what was purged softly is still shown to the first who asks: stale-while-revalidate."""
AGAIN_S = 2.0
"""From the first purge of a change to the second: longer than any fetch of these runs may take."""
LONG = f"""\
purge_again_ms = {int(AGAIN_S * 1000)}
edge_ttl_s = 600
edge_stale_s = {int(STALE_S)}"""
"""What a purge does not take away stays for long, so that a purge that is lost shows."""
SETTINGS = """\
bind = "127.0.0.1:{port}"
workers = {workers}
log_level = "warning"
trusted_proxies = ["127.0.0.1"]
cdns = ["cloudflare"]
secret_key = "a-secret-that-signs-the-run"
visitor_keys = ["a-key-that-hashes-the-visitors-of-the-run"]
{lives}
delivery_keys = [{{ key = "{delivery}" }}]

[[management_keys]]
name = "run"
key = "{key}"
scopes = ["read", "write", "publish", "visitors", "explain"]

[sources.shelf]
adapter = "files"
path = "shelf"
{edges}"""
EDGES = """
[edges.varnish]
adapter = "varnish"
urls = ["http://127.0.0.1:{purges}"]
secret = "{secret}"
"""
EMPTY = """\
attributes:
  profile.spend: {type: number, purpose: personalization}
  profile.plan: {type: string, values: [free, pro, enterprise], purpose: personalization}
  profile.interests: {type: string_list, purpose: personalization}
segments:
  - {id: vip, members: [nobody-yet]}
  - {id: hot, computed: true}
slots:
  - {id: s.open, default: {id: nothing}}
"""
"""What is published before the run begins: it knows the attributes and lists that visitors are given."""
VCL = """\
vcl 4.1;
include "{shipped}/tessera_purge.vcl";
include "{shipped}/tessera_many.vcl";
include "{shipped}/tessera_edge.vcl";
include "{shipped}/tessera_strict.vcl";
acl tessera_purgers {{ "127.0.0.1"; }}
sub tessera_purge_secret {{ set req.http.Tessera-Purge-Expected = "{secret}"; }}
backend site {{ .host = "127.0.0.1"; .port = "{site}"; }}
backend tessera {{ .host = "127.0.0.1"; .port = "{tessera}"; }}
sub tessera_slots {{
    if (req.url ~ "^/page\\?") {{
        set req.http.T-Slots = regsub(req.url, "^/page\\?(?:.*&)?slots=([^&]*).*$", "\\1");
    }} elseif (req.url ~ "^/esi\\?") {{
        set req.http.T-Slots = "none";
    }}
}}
sub tessera_country {{{told}
    set req.http.T-Country = req.http.CF-IPCountry;
    if (req.http.Cookie ~ "(^|; )tz=") {{
        set req.http.T-Zone = regsub(req.http.Cookie, "^(?:.*; )?tz=([^;]*).*$", "\\1");
    }}
}}
sub tessera_locale {{ set req.http.T-Locale = req.http.Accept-Language; }}
sub tessera_key {{ set bereq.http.X-Tessera-Key = "{delivery}"; }}
sub tessera_origin {{ set req.backend_hint = tessera; }}
sub tessera_site {{ set req.backend_hint = site; }}
"""
"""The operator's part: a network in front says the country, a cookie the zone, browsers the one language they read."""
CAMPAIGN = " if (req.http.X-Campaign) { set req.http.T-Utm-Campaign = req.http.X-Campaign; }"


@dataclass(frozen=True)
class Origin:
    """A running Tessera."""

    port: int
    hasher: Hasher

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def origin(folder: Path, *, purges: int | None = None, lives: str = LONG) -> Iterator[Origin]:
    """Serves from an empty folder, by two processes.

    Args:
        purges: the port at which caches are told of purges, where there are any.
        lives: settings that say how long what is kept.
    """
    port = free_port()
    (folder / "shelf").mkdir()  # empty: all content comes over the API
    edges = EDGES.format(purges=purges, secret=PURGE_SECRET) if purges is not None else ""
    text = SETTINGS.format(port=port, workers=2, lives=lives, delivery=DELIVERY, key=KEY, edges=edges)
    with serving(folder, f"http://127.0.0.1:{port}", settings=text, rules=EMPTY):
        settings = load({}, folder)
        yield Origin(port, hasher_of(settings, "the key of visitors is set"))


@dataclass(frozen=True)
class Edge:
    """A running Varnish and what is behind it.

    Attributes:
        port: of Varnish.
        behind: between Varnish and Tessera.
        purges: between Tessera and Varnish.
    """

    port: int
    origin: Origin
    behind: Proxy
    purges: Proxy

    def purge(self, *keys: str, hard: bool = True) -> None:
        """Purges straight at Varnish, whatever is done to Tessera's own purges."""
        options = {"urls": [f"http://127.0.0.1:{self.port}"], "secret": PURGE_SECRET}
        with closing(build(options, Runtime.system())) as purger:
            purger.purge(keys, hard=hard)


@contextmanager
def edge(folder: Path) -> Iterator[Edge]:
    """All of it, on an empty cache."""
    with ExitStack() as stack:
        port = free_port()
        purges, behind = stack.enter_context(proxy(port)), stack.enter_context(proxy())
        site = stack.enter_context(frontend(behind.port))
        stack.enter_context(varnish(vcl(behind.port, site), port))
        served = stack.enter_context(origin(folder, purges=purges.port))
        behind.target = served.port
        yield Edge(port, served, behind, purges)


def vcl(tessera: int, site: int, *, campaign_header: bool = False) -> str:
    """A whole configuration, the shipped files in it as an operator has them.

    Args:
        campaign_header: whether a fragment that is asked for alone says in a header which campaign its page is of.
    """
    shipped = files("adapters.edge.varnish").joinpath("")
    told = CAMPAIGN if campaign_header else ""
    return VCL.format(shipped=shipped, secret=PURGE_SECRET, tessera=tessera, site=site, delivery=DELIVERY, told=told)
