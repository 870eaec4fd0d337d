"""Content from Payload 3 by its REST API, published versions only.

Each of `collections` is read with all of the site's `locales` in one answer (`locale=all`), so a request more for each
language is spared and nothing falls back silently. One entry comes of each locale in which a document has a value in a
field of its own that is localised; a document without localised fields gives one entry without a locale. `locales` are
the codes of the site's configuration, all of them; a code that is no BCP 47 tag is given one in `locale_tags`.

An entry's identity is `<collection>.<id>`, because ids of two collections may be equal. With `ids: plain` it is the
document's id alone: for sites whose ids are UUIDs or MongoDB's, or that have one collection and no relations. Payload
does not say to which collection a related document belongs: it is the collection of the field's name, or what
`relations` says ({author: people}); polymorphic fields say it themselves.

* The first answer lists everything in the order of ids, a page beginning after the last id of the one before, so that
  documents that come, go or change meanwhile are neither skipped nor doubled.
* A later answer reads the newest first, down to what the cursor has seen, but for at least the `overlap_s` before that
  (by the site's clock), because a document can become visible after a newer one: one request for each collection
  where little changed. That answer also says how many documents there are; where that is not the number expected, all
  ids are listed to find what was unpublished or deleted. Variants whose content is as it was are not sent again: the
  cursor holds a short digest of each.
* Payload does not touch a document when something that it embeds changes. Collections listed in `related` (such as
  `tags`) are watched by one request each, and a change there makes the answer full.

Published is what has `_status: published`; a draft saved over a published document leaves that as it is. A collection
without drafts has no `_status`, which Payload's own error tells. Related documents that are drafts or in the trash
become `{"$ref": …}`, as do those that hold themselves; so nothing that is not published comes in by a relation. Of
people (documents of collections with `auth`) the address, keys and sessions are left out. URLs of uploads become
absolute. A field named like a property of entries (`id`, `type`, `tags`, `locale`, `published_at`) becomes
`cms_<name>`; fields that this adapter does not know are kept as they are.

Rich text (Lexical) `x` stays as data and gives `x_html`; so do Markdown texts named in `markdown_fields`. A link to a
document is a link in the markup where `link_urls` has a pattern for its collection: {articles: "/blog/{slug}"}.

Tags are the texts of `tags_field`, or of the documents that it refers to: their `tag_name` (the first of `name`,
`title` and `slug` where it is not set). `prefixed_tags: {audience: seo.segments}` makes tags `audience:…` of the texts
at that path; without the option the fields `slot`, `audience` and `topic` do so. `published_field` ("publishedAt") is
the date of publication where it has a value, else the document's `createdAt`; `expires_field` ("expiresAt") the end.

Versions are ordered by `updatedAt`, which Payload sets anew whenever what is published changes, to the millisecond.
That is the clock of the server that saved: where several serve one site and their clocks may differ, `clock_skew_s`
says by how much, and versions nearer to each other than that are not ordered.

Payload answers a wrong API key as it answers strangers: with status 200 and less in it, or with 403. So the key is
checked at `/<key_collection>/me` before anything is announced as gone or missing, and where that is a minute ago before
anything is announced as changed.

Times out after `timeout_s` without a byte, and `total_timeout_s` a request; answers over `max_response_bytes` are
refused. Rate limits (429) and failures (5xx, no connection) are tried again up to `attempts` times, after what
`Retry-After` asks or 0.5 s and doubling, with jitter, at most `max_wait_s` at once. Redirects are followed on the same
scheme, host and port only. Addresses that are not public are refused unless `allow_private`.

Options: `url`, `collections` (required), `token` (an API key; without one nothing but what strangers may read, and no
previews), `key_collection` ("users"), `api_path` ("/api"), `locales`, `locale_tags`, `related`, `relations`, `ids`
("qualified"), `type_names` ({collection: type}), `type_field` (field that names the type, where it has a value),
`tags_field` ("tags"), `tag_name`, `prefixed_tags`, `published_field`, `expires_field`, `markdown_fields`, `link_urls`,
`link_depth` (2; how deep relations are resolved), `page_size` (100), `overlap_s` (60), `clock_skew_s` (0), `timeout_s`
(10), `total_timeout_s` (60), `max_response_bytes` (20,000,000), `attempts` (4), `max_wait_s` (30), `allow_private`
(false).

Payload sends no webhooks: `MODULE` is a plugin for its configuration that does, signed as `adapters.cms.signed` reads.

Tested against a running Payload 3.90 with SQLite, and against recordings that a local HTTP server replays.
"""

from pathlib import Path

from adapters.cms.payload.options import build
from adapters.cms.payload.source import PayloadSource

MODULE = Path(__file__).with_name("module") / "tessera-payload.mjs"

__all__ = ["MODULE", "PayloadSource", "build"]
