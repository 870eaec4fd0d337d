"""What `tessera doctor` looks at of models: whether they answer, and whether they are told what they read."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.models.port import ModelError
from adapters.registry import RegistryError
from plugin.cli.finding import Finding, asked
from plugin.cli.wiring import opened_models
from plugin.flow.scores import SEGMENTS
from plugin.settings import Settings
from rules.document import Document
from rules.suggest import nearest


def models(settings: Settings) -> Iterator[Finding]:
    """Those of the settings."""
    for name in settings.models:

        def ping(name: str = name) -> None:
            with opened_models(settings, frozenset({name})) as opened:
                opened[name].ping()

        yield asked(f"model {name}", ping, f"mend [models.{name}] in tessera.toml, or start the scoring service")


def models_of(document: Document, settings: Settings) -> Iterator[Finding]:
    """Those that a document asks for."""
    for name in sorted(document.models):
        if name in settings.models:
            yield from _features(name, document, settings)
        else:
            near = nearest(name, settings.models)
            hint = f"; did you mean {near!r}?" if near else ""
            remedy = f"add [models.{name}] to tessera.toml, or name another in the rules"
            yield Finding("wrong", f"model {name}", f"the published rules ask for it, and there is none{hint}", remedy)


def _features(name: str, document: Document, settings: Settings) -> Iterator[Finding]:
    """What a model reads and is never told: its weights would count for nothing, without a word."""
    try:
        with opened_models(settings, frozenset({name})) as opened:
            features = opened[name].spec.features
    except (ModelError, RegistryError):
        return  # said where the model itself is looked at
    of_visitor = [one for one in features if one != SEGMENTS and not one.startswith("content.")]
    unknown = [one for one in of_visitor if document.catalogue.resolve(one) is None]
    if unknown:
        near = nearest(unknown[0], document.catalogue)
        hint = f"; did you mean {near!r} by the first?" if near else ""
        told = f"it reads {', '.join(unknown)}, which the published rules know nothing of{hint}"
        remedy = "mend the names where the model has them, or declare them under 'attributes' in the rules"
        yield Finding("warning", f"model {name}", told, remedy)
    for slot in document.slots:
        if of_visitor and slot.model.name == name and slot.model.per != "visitor":
            told = f"the slot {slot.id} asks it per audience, so that it is never told {', '.join(of_visitor)}"
            remedy = "let the slot ask per: visitor, or make segments of them and let it read audience.segments"
            yield Finding("warning", f"model {name}", told, remedy)
