"""Any source of content, its entries mapped: what everything else of Tessera reads instead of the source itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapters.cms import mapped_cursor
from adapters.cms.mapped_cursor import Moves
from adapters.cms.mapping import EntryMapping, Ignored, Unmappable
from adapters.cms.port import Changes, Entry, Glancing, Key, Multilingual, NotFound, Problem, Source, SourceSpec


class MappedSource:
    """A source whose answers have been through a mapping.

    An entry that the mapping ignores is not there: absent from `present`, deleted where it was there before, and
    `NotFound` where it is asked for by name. One that it cannot map is a blocking problem, and stays in `present`, so
    that its last good version does. Where the mapping gives entries another language than the source does, keys are in
    Tessera's terms on this side; the cursor remembers which. Another mapping makes the next answer a full one.

    Attributes:
        inner: the source itself.
        mapping: what its entries go through.
    """

    def __init__(self, inner: Source, mapping: EntryMapping) -> None:
        self.inner = inner
        self.mapping = mapping

    @property
    def spec(self) -> SourceSpec:
        """That of the source itself."""
        return self.inner.spec

    def changes(self, cursor: str | None) -> Changes:
        """What changed, mapped."""
        known = mapped_cursor.load(cursor, self.mapping.fingerprint)
        found = self.inner.changes(known.inner)
        answer = _Answer(self.mapping, known.moves, found)
        for entry in found.entries:
            answer.take(entry)
        return answer.changes(self.mapping.fingerprint)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One published variant, mapped.

        Args:
            locale: in Tessera's terms or, where the mapping gives languages, in the source's.
        Raises:
            Unmappable: it is there and cannot be mapped.
            NotFound: also where the mapping ignores it.
        """
        return self._one(self.inner.fetch, entry_id, locale, content_type)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """The same, as its editor sees it."""
        return self._one(self.inner.draft, entry_id, locale, content_type)

    def locales_of(self, said: str) -> tuple[str, ...]:
        """What a language that a notice names may be called here, likeliest first.

        Args:
            said: in the source's terms or, as a notice of ours, in Tessera's.
        Returns:
            Nothing where a field of the entry gives the language, so that only the entry tells.
        """
        if self.mapping.locale:
            return ()
        tag = self.mapping.language(said) or said
        # Without names of languages the mapping leaves them as they are, and the source itself may have made tags.
        return (tag,) if self.mapping.locales else tuple(dict.fromkeys([said, tag]))

    def glance(self) -> object | None:
        """See `Glancing.glance`; None where the source cannot tell."""
        return self.inner.glance() if isinstance(self.inner, Glancing) else None

    def languages(self, entry_id: str) -> tuple[str, ...]:
        """See `Multilingual.languages`, in Tessera's terms; none where the source cannot tell, or a field decides."""
        if self.mapping.locale or not isinstance(self.inner, Multilingual):
            return ()
        said = self.inner.languages(entry_id)
        return tuple(dict.fromkeys(self.mapping.language(one) or one for one in said))

    def ping(self) -> None:
        """See `Source.ping`."""
        self.inner.ping()

    def close(self) -> None:
        """See `Source.close`."""
        self.inner.close()

    def _one(self, ask: Callable[..., Entry], entry_id: str, locale: str | None, content_type: str | None) -> Entry:
        missing: NotFound | None = None
        for said in self._said(locale):
            for kind in self._kinds(content_type):
                try:
                    entry = ask(entry_id, said, content_type=kind)
                except NotFound as error:
                    missing = missing or error
                    continue
                made = self.mapping.apply(entry)
                if isinstance(made, Ignored):
                    raise NotFound(f"{entry_id} ({made.key.locale or 'no language'}) is ignored: {made.reason}")
                # Asked in the source's terms, or in none, it may have answered for another language than ours.
                if locale in (None, made.locale, entry.locale) or not self.mapping.moves_locales:
                    return made
                if self.mapping.language(locale) == made.locale:
                    return made
        raise missing or NotFound(f"{entry_id} ({locale}): no such variant")

    def _said(self, locale: str | None) -> Iterable[str | None]:
        """What the source may call a language of ours, likeliest first."""
        if locale is None or not self.mapping.moves_locales:
            return (locale,)
        named = [said for said, tag in self.mapping.locales.items() if tag == locale]
        return dict.fromkeys([*named, locale, None])

    def _kinds(self, content_type: str | None) -> Iterable[str | None]:
        """What the source may call a type of ours; None where nobody can say."""
        if content_type is None or not self.mapping.moves_types:
            return (content_type,)
        named = [said for said, name in self.mapping.type_names.items() if name == content_type]
        return dict.fromkeys([*named, content_type, None] if not self.mapping.type else [None])


class _Answer:
    """One answer of the source, being mapped."""

    def __init__(self, mapping: EntryMapping, before: Moves, found: Changes) -> None:
        self._mapping = mapping
        self._found = found
        self._before = before
        self._moves = dict(before)
        self._made: dict[Key, Entry] = {}  # by the source's key
        self._dropped: list[Key] = []
        self._ignored: set[Key] = set()
        self._problems: list[Problem] = []
        for key in found.deleted:
            self._dropped.append(self._moves.pop(key, key))

    def take(self, entry: Entry) -> None:
        before = self._before.get(entry.key, entry.key)
        try:
            made = self._mapping.apply(entry)
        except Unmappable as fault:
            self._problems.append(Problem(fault.where, fault.reason, before))
            return
        self._moves.pop(entry.key, None)
        if isinstance(made, Ignored):
            self._ignored.add(entry.key)
        else:
            self._made[entry.key] = made
            if made.key != entry.key:
                self._moves[entry.key] = made.key
        if isinstance(made, Ignored) or made.key != before:
            self._dropped.append(before)

    def changes(self, fingerprint: str) -> Changes:
        found = self._found
        present = found.present
        if present is not None:
            self._moves = {key: moved for key, moved in self._moves.items() if key in present}
        entries = self._entries()
        problems = (
            Problem(one.where, one.reason, self._moves.get(one.key, one.key) if one.key else None, one.blocking)
            for one in found.problems
        )
        return Changes(
            entries=tuple(entries.values()),
            deleted=tuple(key for key in dict.fromkeys(self._dropped) if key not in entries),
            cursor=mapped_cursor.dump(found.cursor, self._moves, fingerprint),
            full=found.full,
            problems=(*problems, *self._problems),
            present=None
            if present is None
            else frozenset(self._moves.get(key, key) for key in present - self._ignored),
        )

    def _entries(self) -> dict[Key, Entry]:
        """What was made, by the keys that the mapping gave; who had a key keeps it, and the other is a problem."""
        owners = {moved: key for key, moved in self._moves.items() if self._before.get(key) == moved}
        made: dict[Key, Entry] = {}
        for key, entry in self._made.items():
            owner = owners.setdefault(entry.key, key)
            if owner == key:
                made[entry.key] = entry
                continue
            self._moves.pop(key, None)
            reason = f"the mapping gives it the language that {_named(owner)} has already: {entry.locale}"
            self._problems.append(Problem(_named(key), reason, key))
        return made


def _named(key: Key) -> str:
    return key.id + (f" ({key.locale})" if key.locale else "")
