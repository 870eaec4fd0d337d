"""Puts `/graphql` in front of an application: what `create_app` calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plugin.graphql.asking import Services
from plugin.graphql.execution import Executing
from plugin.graphql.persisted import Persisted
from plugin.graphql.problems import Problems
from plugin.graphql.projection import Tools
from plugin.graphql.route import GraphqlRoute
from plugin.graphql.served import Schemas
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Personalization
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter, RenderBlock
from plugin.web.shared import Sharing
from plugin.web.wire import SECURITY_HEADERS, Web

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def graphql_route(
    behind: WSGIApplication,
    web: Web,
    *,
    personalization: Personalization,
    audiences: Audiences,
    writer: AnswerWriter,
    sharing: Sharing,
    tokens: DecisionTokens,
    render_block: RenderBlock,
    explain_refusal: Callable[[object], None],
    sees_page: Callable[[str | None], bool],
    registered: Mapping[str, str],
    only_registered: bool,
    max_body_bytes: int,
    monotonic: Callable[[], float],
    new_id: Callable[[], str],
    projects: bool = True,
) -> GraphqlRoute:
    """The route, which follows what is published.

    Args:
        explain_refusal: raises with every field of a body that is not of the form of `POST /v1/personalize`.
        registered: documents by their hash; see `Persisted`.
        projects: whether plain documents are answered without an execution; tests compare.
    """
    sites = personalization.sites
    schemas = Schemas(sites.current, frozenset(registered.values()))
    sites.on_change.append(schemas.follow)
    problems = Problems(new_id)
    services = Services(
        personalization=personalization,
        audiences=audiences,
        writer=writer,
        sharing=sharing,
        tools=Tools(tokens, render_block),
        keyring=web.keyring,
        operations={one.name: one for one in web.operations},
        explain_refusal=explain_refusal,
    )
    return GraphqlRoute(
        behind=behind,
        services=services,
        schemas=schemas,
        executing=Executing(Persisted(registered, only_registered=only_registered), problems, projects=projects),
        problems=problems,
        keyring=web.keyring,
        cors=web.cors,
        buckets=web.buckets,
        metrics=web.metrics,
        max_body_bytes=max_body_bytes,
        headers=tuple(SECURITY_HEADERS.items()),
        sees_page=sees_page,
        monotonic=monotonic,
    )
