"""`tessera preview`: a link that shows a draft, made from the settings alone."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from plugin.cli.output import Failed, bad_usage, format_option, show_json
from plugin.cli.wiring import load_settings
from plugin.settings import Settings
from plugin.wiring.system import now

if TYPE_CHECKING:
    from plugin.service.previews.tokens import DraftRef


@click.command()
@click.argument("source")
@click.argument("entry_id", metavar="ID")
@click.option("--locale", metavar="TAG", help="The language of the draft; the source chooses where it is left out.")
@click.option("--type", "kind", metavar="TYPE", help="Its type: a hint that saves the CMS requests.")
@click.option("--slot", "slots", multiple=True, metavar="ID", help="What the link shows; may be given more than once.")
@click.option("--at", metavar="TIME", help="A moment, ISO 8601; the dates of the draft hold then.")
@click.option(
    "--page", metavar="URL", help="A page of the site that shows previews; the demo's start page with the demo."
)
@click.option("--for", "life", metavar="TIME", default="24h", show_default=True, help="How long: 1m to 7d.")
@format_option
def preview(
    source: str,
    entry_id: str,
    locale: str | None,
    kind: str | None,
    slots: tuple[str, ...],
    at: str | None,
    page: str | None,
    life: str,
    shape: str,
) -> None:
    """Make a link that shows the draft ID of SOURCE among what is published.

    Whoever has the link sees the draft, until it is over. The CMS is asked whether there is one; where it cannot be
    read now, the link is made all the same.
    """
    from plugin.cli.situation import read_instant  # noqa: PLC0415
    from plugin.errors import ValidationFailed  # noqa: PLC0415
    from plugin.flow.types import SlotAsk  # noqa: PLC0415
    from plugin.service.previews.preview import address  # noqa: PLC0415
    from plugin.service.previews.tokens import DraftRef, Preview, PreviewTokens  # noqa: PLC0415

    settings = load_settings()
    ref, lasts, moment = DraftRef(source, entry_id, locale, kind), _life(life), read_instant(at) if at else None
    _require_draft(settings, ref)
    made = now().replace(microsecond=0)
    found = Preview(
        entries=(ref,),
        slots=tuple(SlotAsk(slot) for slot in dict.fromkeys(slots)),
        at=moment,
        issued_at=made,
        expires_at=made + lasts,
        author="tessera preview",
    )
    try:
        token = PreviewTokens(_signing_key(settings)).make(found)
    except ValidationFailed as error:
        raise Failed(str(error)) from error
    url = address(settings.public_url, page or (f"{settings.public_url}/" if settings.demo else None), token)
    expires = found.expires_at.isoformat().replace("+00:00", "Z")
    if shape == "json":
        show_json({"token": token, "url": url, "expires_at": expires})
    else:
        click.echo(url)
        click.echo(f"shows {source}/{entry_id} to whoever has it, until {expires}", err=True)


def _life(text: str) -> timedelta:
    from plugin.service.previews.tokens import LONGEST_LIFE  # noqa: PLC0415
    from rules.durations import parse_duration  # noqa: PLC0415

    try:
        life = parse_duration(text)
    except ValueError as error:
        bad_usage(str(error), "--for")
    if not timedelta(minutes=1) <= life <= LONGEST_LIFE:
        bad_usage("want from 1m to 7d", "--for")
    return life


def _require_draft(settings: Settings, ref: DraftRef) -> None:
    from adapters.cms.port import AuthError, CmsError, Unavailable  # noqa: PLC0415
    from adapters.runtime import Runtime  # noqa: PLC0415
    from plugin.cli.cms import configured  # noqa: PLC0415
    from plugin.wiring.sources import open_source  # noqa: PLC0415

    (name,) = configured(settings, ref.source)
    with closing(open_source(settings.sources[name], Runtime.system())) as opened:
        if not opened.spec.previews:
            raise Failed(f"the source {name!r} shows no drafts")
        try:
            opened.draft(ref.id, ref.locale, content_type=ref.type)
        except (Unavailable, AuthError) as error:
            click.echo(f"warning: whether there is such an entry is not known: {error}", err=True)
        except CmsError as error:
            raise Failed(f"there is nothing to show: {error}") from error


def _signing_key(settings: Settings) -> str:
    import secrets  # noqa: PLC0415

    from plugin.settings import signing_key  # noqa: PLC0415

    return signing_key(settings, lambda: secrets.token_urlsafe(32)).reveal()
