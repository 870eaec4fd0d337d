"""GraphQL over a site in a store, asked without HTTP: with projections, or by execution alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.device.null import NullDevices
from plugin.edge.audience_keys import AudienceKeys
from plugin.edge.headers import Longest
from plugin.flow.context import ContextPolicy
from plugin.graphql.asking import Asking, Services
from plugin.graphql.execution import Executing
from plugin.graphql.persisted import Persisted
from plugin.graphql.problems import Problems
from plugin.graphql.projection import Tools
from plugin.graphql.request import Asked
from plugin.graphql.served import Schemas
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.store import Store
from plugin.web.auth import Caller, Keyring
from plugin.web.shared import Sharing
from plugin.wiring.fronting import explain_refusal
from rules import Block
from tests.unit.plugin.service.site_support import NOW, Service, entry, publish, put, service
from tests.unit.plugin.web.small_app import SmallSettings

VISITOR = Caller("delivery", "site-public")
MANAGER = Caller("management", "ada", frozenset({"explain", "read"}))
SITE: Mapping[str, Any] = {
    "version": 1,
    "attributes": {"custom.rich": {"type": "boolean"}},
    "segments": [{"id": "rich", "public": True, "when": {"custom.rich": True}}, {"id": "all", "when": {"all": []}}],
    "slots": [
        {"id": "hero", "limit": 2, "select": {"content.type": "hero"}},
        {"id": "feed", "limit": 4},
        {"id": "empty", "limit": 2, "select": {"content.type": "nothing"}},
    ],
    "rules": [
        {"id": "h", "slot": "feed", "when": {"segment": "rich"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "s", "slot": "hero", "then": [{"set": {"presentation.size": "small"}}]},
    ],
}


def render(block: Block, _presentation: object) -> str | None:
    """A template that fails for one type."""
    return None if block.type == "landing-page" else f"<p>{block.id}</p>"


@dataclass
class Answering:
    """The parts, and how to ask them."""

    service: Service
    schemas: Schemas
    services: Services
    persisted: Persisted

    def ask(
        self,
        query: str | None,
        variables: Mapping[str, Any] | None = None,
        *,
        projects: bool = True,
        caller: Caller = VISITOR,
        by_get: bool = False,
        operation: str | None = None,
        document: str | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """The answer's body, status and headers."""
        problems = Problems(lambda: "incident-1")
        executing = Executing(self.persisted, problems, projects=projects)
        served = self.schemas.served()
        asking = Asking(
            services=self.services,
            site=served.site,
            caller=caller,
            environ=dict(environ or {}),
            address="/graphql",
            query={},
            by_get=by_get,
            counted=True,
        )
        asked = Asked(query, variables or {}, operation, document)
        try:
            body, status, headers = executing.answer(asked, asking, served.built, lambda _more: None)
        except Exception as error:  # noqa: BLE001 - as the route does
            body, status, headers = problems.refusal(error)
        return json.loads(body), status, headers


def answering(store: Store, registered: Mapping[str, str] | None = None) -> Answering:
    """Wire it over a small site."""
    publish(store, SITE)
    put(
        store,
        entry("a", type_="hero", title="A", weight=1, sizes=[1, 2], score="high"),
        entry("b", type_="hero", title="<B>", weight=2.5, tags=("x",), **{"call to action": "go"}),
        entry("c", type_="landing-page", title="C", parts=[{"x": 1}], open=True),
        entry("d", type_="landing page", title="D"),
        entry("e", type_="card"),
    )
    made = service(store)
    made.personalization._new_id = lambda: "id-of-decisions"  # both ways are to answer the same
    tokens = DecisionTokens("k" * 32)
    audiences = Audiences(
        sites=made.sites,
        personalization=made.personalization,
        keys=AudienceKeys("k" * 32),
        policy=ContextPolicy(),
        devices=NullDevices(),
        clock=lambda: NOW,
        deny_unknown=False,
        longest_s=60,
    )
    services = Services(
        personalization=made.personalization,
        audiences=audiences,
        writer=AnswerWriter(tokens, render),
        sharing=Sharing(longest=Longest(), made="", clock=lambda: NOW, consent_cookie=None),
        tools=Tools(tokens, render),
        keyring=Keyring(SmallSettings()),
        operations={},
        explain_refusal=explain_refusal,
    )
    documents = registered or {}
    schemas = Schemas(made.sites.current, frozenset(documents.values()))
    made.sites.on_change.append(schemas.follow)
    return Answering(made, schemas, services, Persisted(documents, only_registered=False))
