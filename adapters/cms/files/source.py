"""The source over a content folder: scan, read what changed, re-make what links to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from adapters.cms.files import state as states
from adapters.cms.files.document import Document, parse, salvage_key
from adapters.cms.files.folder import FileProblem, Found, read, walk
from adapters.cms.files.links import LinkOptions, Rendered, Resolver
from adapters.cms.files.state import FileState, State
from adapters.cms.locales import parse_locale, target_key
from adapters.cms.port import (
    Changes,
    Entry,
    Key,
    NotFound,
    OptionsError,
    Ordering,
    Problem,
    SourceSpec,
    Unavailable,
)
from adapters.options import OptionReader
from adapters.runtime import Runtime

# A file changed twice within one tick of the file system's clock keeps its stat; younger files are re-read.
YOUNG_NS = 2_000_000_000


class FilesSource:
    """Entries of a folder. See the package for the layout, the limits and the options."""

    spec = SourceSpec(name="files", ordering=Ordering("none"), incremental=True, previews=True)

    def __init__(
        self,
        root: Path,
        links: LinkOptions,
        runtime: Runtime,
        *,
        locales: tuple[str, ...] = (),
        max_file_bytes: int = 1_000_000,
        max_files: int = 20_000,
    ) -> None:
        self._root = root
        self._links = links
        self._runtime = runtime
        self._locales = locales
        self._max_file_bytes = max_file_bytes
        self._max_files = max_files
        shaping = [links.depth, links.assets_base, sorted(links.markdown_fields), locales]
        self._fingerprint = hashlib.sha256(json.dumps(shaping).encode()).hexdigest()[:16]

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor, with entries that embed what changed."""
        before = states.load(cursor, self._fingerprint)
        scan = _Scan(self, before or {})
        entries = scan.entries(everything=before is None)
        present = frozenset(file.key for file in scan.state.values() if file.key is not None)
        known = {file.key for file in (before or {}).values() if file.key is not None}
        return Changes(
            entries=tuple(entries),
            deleted=tuple(sorted(known - present, key=_by_text)),
            cursor=states.dump(scan.state, self._fingerprint),
            full=before is None,
            problems=tuple(scan.problems),
            present=present,
        )

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One entry; reads the whole folder. Locale None: the variant without one, else by `locales`."""
        return self._one(entry_id, locale, content_type, drafts=False)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """The same, files with `draft: true` among the others, and in their place; so is what it links to."""
        return self._one(entry_id, locale, content_type, drafts=True)

    def _one(self, entry_id: str, locale: str | None, content_type: str | None, *, drafts: bool) -> Entry:
        scan = _Scan(self, {}, drafts=drafts)
        wanted = Key(entry_id, locale)
        if locale is None:
            wanted = target_key(entry_id, None, scan.locales_of(entry_id), self._locales) or wanted
        document = scan.document(wanted)
        if document is None or content_type not in (None, document.type):
            raise NotFound(f"{entry_id} ({locale or 'no locale'}): no such entry")
        return scan.entry(document)

    def ping(self) -> None:
        """Returns if the folder can be listed."""
        try:
            next(self._root.iterdir(), None)
        except OSError as fault:
            raise Unavailable(f"cannot list {self._root.name}: {fault.strerror}") from fault

    def close(self) -> None:
        """Holds nothing open between calls."""

    def glance(self) -> object | None:
        """The files with their times and sizes; None where one changed so lately that its time says nothing."""
        files, problems = self.walk()
        if any(self.stamp(file) < 0 for file in files):
            return None
        return files, problems

    def walk(self) -> tuple[list[Found], list[Problem]]:
        """The folder's files within the limits."""
        return walk(self._root, self._max_files)

    def read(self, path: str) -> bytes:
        """One file's bytes within the limits."""
        return read(self._root, path, self._max_file_bytes)

    @property
    def locales(self) -> tuple[str, ...]:
        """Accepted locales in order of preference; empty for any."""
        return self._locales

    @property
    def links(self) -> LinkOptions:
        """How links are followed."""
        return self._links

    def stamp(self, found: Found) -> int:
        """The time of a file's last change, or -1 where it is too recent to be trusted."""
        young = int(self._runtime.now() * 1e9) - YOUNG_NS
        return found.mtime_ns if found.mtime_ns < young else -1


class _Scan:
    """One pass over the folder against what was known before."""

    def __init__(self, source: FilesSource, before: State, *, drafts: bool = False) -> None:
        """Args: drafts: whether to take drafts, too; each in the place of what is published of the same key."""
        self._source = source
        self._before = before
        self._drafts = drafts
        self.state: State = {}
        self.problems: list[Problem] = []
        self._fresh: dict[Key, Document] = {}
        self._paths: dict[Key, str] = {}
        self._rendered: dict[tuple[str, str], Rendered] = {}
        self._by_id: dict[str, list[str | None]] = {}
        files, refused = source.walk()
        self.problems.extend(refused)
        # Whoever had a key keeps it: a copied file must not take over the entry of the original.
        for found in sorted(files, key=lambda file: (self._owner(file.path) is None, file.path)):
            self._look(found)
        self.problems.sort(key=lambda problem: problem.where)

    def entries(self, *, everything: bool) -> list[Entry]:
        """The entries that are new, changed, or embed something that is; all of them if asked."""
        known = {file.key for file in self._before.values() if file.key is not None}
        touched = {key.id for key in self._fresh} | {key.id for key in known - self._paths.keys()}
        wanted = set(self._fresh)
        for file in self.state.values():
            if file.key is not None and not file.broken and (everything or touched & set(file.met)):
                wanted.add(file.key)
        made = []
        for key in sorted(wanted, key=_by_text):
            document = self.document(key)
            if document is not None:
                made.append(self.entry(document))
        return made

    def entry(self, document: Document) -> Entry:
        """The final entry of a document; remembers where its links led."""
        resolver = Resolver(self._find, self._source.links, self._rendered)
        fields = resolver.fields(document)
        self.problems.extend(
            Problem(document.path, remark, document.key, blocking=False) for remark in resolver.remarks
        )
        if document.path in self.state:
            met = tuple(sorted(resolver.met))
            self.state[document.path] = replace(self.state[document.path], met=met)
        return Entry(
            id=document.key.id,
            locale=document.key.locale,
            type=document.type,
            tags=document.tags,
            fields=fields,
            published_at=document.published_at,
            expires_at=document.expires_at,
            links=tuple(resolver.links),
        )

    def document(self, key: Key) -> Document | None:
        """The document of a key, read if it was not in this pass; None where there is no good one."""
        if key not in self._fresh:
            path = self._paths.get(key)
            if path is None or self.state[path].broken:
                return None
            try:
                self._fresh[key] = parse(path, self._source.read(path), self._source.locales)
            except FileProblem as fault:
                # It changed under us. Forget its digest, so that the next pass looks at it again.
                self._complain(path, fault, key)
                self.state[path] = replace(self.state[path], digest="", mtime_ns=-1)
                return None
        return self._fresh[key]

    def locales_of(self, entry_id: str) -> list[str | None]:
        """The locales in which there is an entry of that id."""
        return self._by_id.get(entry_id, [])

    def _find(self, target: str, locale: str | None) -> Document | None:
        key = target_key(target, locale, self.locales_of(target), self._source.locales)
        return self.document(key) if key else None

    def _owner(self, path: str) -> Key | None:
        file = self._before.get(path)
        return file.key if file else None

    def _look(self, found: Found) -> None:
        old = self._before.get(found.path)
        stamp = self._source.stamp(found)
        if old and not old.broken and (old.mtime_ns, old.size) == (found.mtime_ns, found.size):
            self._keep(found.path, old)
            return
        data = b""
        try:
            data = self._source.read(found.path)
            mark = hashlib.sha256(data).hexdigest()[:24]
            if old and not old.broken and old.digest == mark:
                self._keep(found.path, replace(old, mtime_ns=stamp, size=len(data)))
                return
            document = parse(found.path, data, self._source.locales)
            taken = self._taken(document)
        except FileProblem as fault:
            self._broken(found, fault, data, old)
            return
        self._keep(found.path, FileState(stamp, len(data), mark, document.key if taken else None, broken=False))
        if taken:
            self._fresh[document.key] = document

    def _taken(self, document: Document) -> bool:
        """Whether a document is the entry of its key. Raises FileProblem where another one is, of the same standing."""
        if document.draft and not self._drafts:
            return False
        first = self._paths.get(document.key)
        if first is None or self.state[first].broken:
            return True
        if self._drafts and self._fresh[document.key].draft != document.draft:
            return document.draft
        raise FileProblem(f"the same id and locale as {first}: {document.key.id}")

    def _keep(self, path: str, file: FileState) -> None:
        self.state[path] = file
        if file.key is None:
            return
        if not (file.broken and file.key in self._paths):  # a broken file's key may be a guess: it gives way
            self._paths[file.key] = path
        if file.key.locale not in self.locales_of(file.key.id):
            self._by_id.setdefault(file.key.id, []).append(file.key.locale)

    def _broken(self, found: Found, fault: FileProblem, data: bytes, old: FileState | None) -> None:
        # Where this cursor never saw it, the caller may still hold a good version from an earlier one.
        key = old.key if old else salvage_key(found.path, data, self._source.locales)
        self._keep(found.path, FileState(-1, found.size, "", key, broken=True, met=old.met if old else ()))
        self._complain(found.path, fault, key)

    def _complain(self, path: str, fault: FileProblem, key: Key | None) -> None:
        where = f"{path}:{fault.line}" if fault.line else path
        self.problems.append(Problem(where, fault.reason, key))


def _by_text(key: Key) -> tuple[str, str]:
    return key.id, key.locale or ""


def build(options: Mapping[str, object], runtime: Runtime) -> FilesSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong.
    """
    take = OptionReader(options)
    path = take.required_text("path")
    base = take.text("assets_base", "/assets/") or "/"
    said = take.texts("locales")
    for bad in (locale for locale in said if parse_locale(locale) is None):
        take.complain("locales", f"{bad!r} is not a language tag")
    links = LinkOptions(
        depth=take.whole("link_depth", 2, low=0, high=5),
        assets_base=base if base.endswith("/") else base + "/",
        markdown_fields=frozenset(take.texts("markdown_fields", ("body",))),
    )
    max_file_bytes = take.whole("max_file_bytes", 1_000_000, low=1, high=50_000_000)
    max_files = take.whole("max_files", 20_000, low=1, high=1_000_000)
    if problems := take.problems():
        raise OptionsError(problems)
    locales = tuple(filter(None, map(parse_locale, said)))
    return FilesSource(Path(path), links, runtime, locales=locales, max_file_bytes=max_file_bytes, max_files=max_files)
