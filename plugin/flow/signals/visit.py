"""The visit: the page, and what led to it."""

from __future__ import annotations

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.page import Page, derive_campaign, derive_place, derive_query, read_page
from plugin.flow.signals.policy import ContextPolicy
from plugin.flow.signals.referrer import Referrer, kind_of_visit, read_referrer
from plugin.flow.signals.request import RawRequest
from plugin.flow.signals.text import clean, header
from plugin.flow.signals.urls import Parameters, read_parameters, search_terms


def derive_visit(request: RawRequest, policy: ContextPolicy, draft: Draft) -> Parameters:
    """Adds what is wanted of `request.path`, `host`, `query.*`, `utm.*`, `referrer_*`, `search_terms`.

    Returns:
        The parameters of the page's URL.
    """
    reads, given = policy.reads, request.asking
    page = _page(given("url"), request, policy, draft)
    if page is not None:
        draft.notes.extend(page.notes)
        if reads.place:
            derive_place(page.url, draft)
        derive_query(page.parameters, reads.query, draft)
        derive_campaign(page.campaign, reads.utm, draft)
    if reads.referrer or reads.search:
        _origin(given("referrer"), request, policy, page, draft)
    return page.parameters if page is not None else {}


def _page(said: object, request: RawRequest, policy: ContextPolicy, draft: Draft) -> Page | None:
    if said is None and policy.own_url:
        said = request.url
    if said is None:
        return None
    limits = policy.limits
    text = clean(said, limits.max_url, "url", draft)
    if text is None:
        return None
    page = read_page(text, limits.max_parameters, limits.max_text)
    if page is None:
        draft.note("url", "malformed")
    return page


def _origin(said: object, request: RawRequest, policy: ContextPolicy, page: Page | None, draft: Draft) -> None:
    if said is None and policy.own_url:
        said = header(request.headers, "referer")
    referrer = _referrer(said, policy, draft) if said else None
    internal = referrer is not None and (
        policy.is_own(referrer.host) or (page is not None and page.url.host == referrer.host)
    )
    if policy.reads.referrer:
        if referrer is not None:
            draft.attributes["request.referrer_host"] = referrer.host
        # Where the caller told neither page nor referrer, nothing is known; "direct" would be an invention.
        if page is not None or said is not None:
            kind = kind_of_visit(referrer, internal, page.campaign.get("medium") if page is not None else None)
            unreadable = said and referrer is None and kind == "direct"
            draft.attributes["request.referrer_kind"] = "other" if unreadable else kind
    if policy.reads.search:
        terms = search_terms(page.parameters, policy.search_parameters) if page is not None else None
        if terms is None and referrer is not None and referrer.query and not internal:
            limits = policy.limits
            sent = read_parameters(referrer.query, limits.max_parameters, limits.max_text, "referrer", draft)
            terms = search_terms(sent, referrer.term_names)
        if terms is not None:
            draft.attributes["request.search_terms"] = terms


def _referrer(said: object, policy: ContextPolicy, draft: Draft) -> Referrer | None:
    text = clean(said, policy.limits.max_url, "referrer", draft)
    referrer = read_referrer(text) if text is not None else None
    if text is not None and referrer is None:
        draft.note("referrer", "malformed")
    return referrer
