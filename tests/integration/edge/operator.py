"""What an operator writes beside the shipped VCL, and a running cache of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from tests.servers import Varnish, varnish

SECRET = "a-shared-secret-of-the-edge"
KEY = "the-key-of-the-edge"
SLOTS = """\
    if (req.url ~ "^/(\\?|$)" && req.http.Cookie !~ "(^|; )login=") {
        set req.http.T-Slots = "home.hero,home.feed";
    } elseif (req.url ~ "^/cart") {
        set req.http.T-Slots = "home.hero,home.cart";
    } elseif (req.url ~ "^/p/") {
        set req.http.T-Slots = "home.hero";
    } elseif (req.url ~ "^/same") {
        set req.http.T-Slots = "none";
    } elseif (req.url ~ "^/graphql\\?id=hero(&|$)") {
        set req.http.T-Slots = "home.hero";
    }"""


def shipped(name: str) -> str:
    """The path of a file that Tessera brings."""
    return str(files("adapters.edge.varnish").joinpath(name))


def vcl(
    tessera: int,
    site: int,
    *,
    slots: str = SLOTS,
    strict: bool = True,
    many: bool = False,
    purge: str = "tessera_purge.vcl",
    before: str = "",
) -> str:
    """A whole configuration.

    Args:
        tessera: the port of Tessera.
        site: the port of the site's frontend.
        before: VCL that comes before everything else.
    """
    return f"""
vcl 4.1;
{before}
include "{shipped(purge)}";
{f'include "{shipped("tessera_many.vcl")}";' if many else ""}
include "{shipped("tessera_edge.vcl")}";
{f'include "{shipped("tessera_strict.vcl")}";' if strict else ""}
acl tessera_purgers {{ "127.0.0.1"; }}
sub tessera_purge_secret {{ set req.http.Tessera-Purge-Expected = "{SECRET}"; }}
backend tessera {{ .host = "127.0.0.1"; .port = "{tessera}"; }}
backend site {{ .host = "127.0.0.1"; .port = "{site}"; }}
sub tessera_slots {{
{slots}
}}
sub tessera_country {{
    set req.http.T-Country = req.http.CF-IPCountry;
    set req.http.T-Zone = req.http.CF-Timezone;
}}
sub tessera_locale {{
    if (req.http.Accept-Language ~ "^fr") {{
        set req.http.T-Locale = "fr";
    }} else {{
        set req.http.T-Locale = "en";
    }}
}}
sub tessera_key {{
    set bereq.http.X-Tessera-Key = "{KEY}";
    if (bereq.http.T-Country != "ZA") {{
        set bereq.first_byte_timeout = 10s;  # a machine that runs all tests at once is slow
        set bereq.connect_timeout = 10s;
    }}
}}
sub tessera_origin {{ set req.backend_hint = tessera; }}
sub tessera_site {{ set req.backend_hint = site; }}
"""


@contextmanager
def edge(tessera: int, site: int | None = None, *, port: int | None = None, **more: object) -> Iterator[Varnish]:
    """A running cache; the site is the same server as Tessera where none is given."""
    with varnish(vcl(tessera, tessera if site is None else site, **more), port) as cache:  # type: ignore[arg-type]
        yield cache
