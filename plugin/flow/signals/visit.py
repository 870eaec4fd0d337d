"""The visit: the page, and what led to it."""

from __future__ import annotations

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.page import (
    Parameters,
    Url,
    derive_place,
    derive_query,
    parameters,
    search_terms,
    split_url,
    utm,
)
from plugin.flow.signals.policy import ContextPolicy
from plugin.flow.signals.referrer import Referrer, kind_of_visit, read_referrer
from plugin.flow.signals.request import RawRequest
from plugin.flow.signals.text import clean, header


def derive_visit(request: RawRequest, policy: ContextPolicy, draft: Draft) -> Parameters:
    """Adds what is wanted of `request.path`, `host`, `query.*`, `utm.*`, `referrer_*`, `search_terms`.

    Returns:
        The parameters of the page's URL.
    """
    reads, limits = policy.reads, policy.limits
    page = _page(request, policy, draft)
    found: Parameters = {}
    if page is not None:
        if reads.place:
            derive_place(page, draft)
        if reads.parameters:
            found = parameters(page.query, limits.max_parameters, limits.max_text, "request.query", draft)
    if reads.query is None or reads.query:
        derive_query(found, reads.query, draft)
    campaign = utm(found) if found else {}
    for name, value in campaign.items():
        if reads.utm is None or name in reads.utm:
            draft.attributes[f"request.utm.{name}"] = value
    if reads.referrer or reads.search:
        _origin(request, policy, page, found, medium=campaign.get("medium"), draft=draft)
    return found


def _page(request: RawRequest, policy: ContextPolicy, draft: Draft) -> Url | None:
    said = request.given("url")
    if said is None and policy.own_url:
        said = request.url
    if said is None:
        return None
    text = clean(said, policy.limits.max_url, "url", draft)
    url = split_url(text) if text is not None else None
    if text is not None and (url is None or url.scheme not in ("http", "https", "")):
        draft.note("url", "malformed")
        return None
    return url


def _origin(
    request: RawRequest,
    policy: ContextPolicy,
    page: Url | None,
    found: Parameters,
    *,
    medium: str | None,
    draft: Draft,
) -> None:
    said = request.given("referrer")
    if said is None and policy.own_url:
        said = header(request.headers, "referer")
    here = page.host if page is not None else None
    referrer: Referrer | None = None
    readable = True
    if said is not None and said != "":
        text = clean(said, policy.limits.max_url, "referrer", draft)
        if text is not None:
            referrer = read_referrer(text, lambda host: host == here or policy.is_own(host))
            if referrer is None:
                draft.note("referrer", "malformed")
        readable = referrer is not None
    if referrer is not None and policy.reads.referrer:
        draft.attributes["request.referrer_host"] = referrer.host
    # Where the caller told neither page nor referrer, nothing is known; "direct" would be an invention.
    if policy.reads.referrer and (page is not None or said is not None):
        kind = kind_of_visit(referrer, medium)
        draft.attributes["request.referrer_kind"] = kind if readable or kind != "direct" else "other"
    if policy.reads.search:
        terms = search_terms(found, policy.search_parameters)
        if terms is None and referrer is not None and referrer.query:
            limits = policy.limits
            sent = parameters(referrer.query, limits.max_parameters, limits.max_text, "referrer", draft)
            terms = search_terms(sent, referrer.term_names)
        if terms is not None:
            draft.attributes["request.search_terms"] = terms
