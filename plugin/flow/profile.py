"""The profile step: what is kept of a visitor joins what the request says."""

from __future__ import annotations

from collections.abc import Mapping

from plugin.flow.types import Profile


def with_profile(context: Mapping[str, object], profile: Profile) -> Mapping[str, object]:
    """Attributes of both. What the profile knows of the visitor wins over what a browser claims."""
    return {**context, **profile.attributes} if profile.attributes else context
