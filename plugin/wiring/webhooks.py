"""The webhooks of the sources of content, as the settings configure them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.cms.port import OptionsError
from adapters.cms.tables import split_tables
from plugin.errors import SettingsError
from plugin.settings import Plugged

if TYPE_CHECKING:
    from adapters.cms.hooks import Hook
    from adapters.runtime import Runtime


def open_hook(plugged: Plugged, runtime: Runtime) -> Hook | None:
    """What reads the webhooks of a source; None where none is configured.

    It is that of the source's adapter, unless the table `webhook` names another by `adapter`.

    Raises:
        OptionsError: with every option that is wrong, as in `webhook.secret`.
        RegistryError: there is no such hook.
    """
    from adapters import registry  # noqa: PLC0415 - only where a hook is opened

    webhook = split_tables(plugged.options).webhook
    if webhook is None:
        return None
    named = webhook.get("adapter", plugged.adapter)
    if not isinstance(named, str):
        raise OptionsError(["webhook.adapter: want the name of a webhook, such as 'generic'"])
    build = registry.hook(named)
    try:
        return build({key: value for key, value in webhook.items() if key != "adapter"}, runtime)
    except OptionsError as fault:
        raise OptionsError(f"webhook.{problem}" for problem in fault.problems) from fault


def open_hooks(sources: Mapping[str, Plugged], runtime: Runtime) -> dict[str, Hook]:
    """The webhooks of all sources that have one. Raises SettingsError with every problem."""
    from adapters.registry import RegistryError  # noqa: PLC0415

    found, problems = {}, []
    for name, plugged in sources.items():
        try:
            hook = open_hook(plugged, runtime)
        except OptionsError as fault:
            problems += [f"sources.{name}.{problem}" for problem in fault.problems]
        except RegistryError as fault:
            problems.append(f"sources.{name}.webhook.adapter: {fault}")
        else:
            if hook is not None:
                found[name] = hook
    if problems:
        raise SettingsError(problems)
    return found


def locales_of(plugged: Plugged) -> tuple[str, ...]:
    """The languages that a source is configured to have; empty where its options do not say."""
    said = plugged.options.get("locales")
    return tuple(one for one in said if isinstance(one, str)) if isinstance(said, list | tuple) else ()
