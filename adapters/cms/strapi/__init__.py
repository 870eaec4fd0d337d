"""Content from Strapi 5 and 4 by their REST API: published versions, and drafts one by one where they are asked for.

An entry's identity is its `documentId`: the numeric `id` is a row number that every publish changes. With `version = 4`
it is the type and the smallest row among its localizations (see `wire4`). Each of `types` (plural API ids) is read in
each of `locales`, by one request at a time:

* The first answer lists everything in the order of `documentId` (4: of `id`), a page beginning after the last one of
  the one before, so that entries that come, go or change meanwhile are neither skipped nor doubled.
* A later answer reads the newest first, down to what the cursor has seen (less `overlap_s`, because a row can become
  visible after a newer one): one request for each type and locale where little changed, by `publishedAt` (4:
  `updatedAt`). That answer also says how many entries there are; where that is not the number expected, all ids are
  listed to find what was unpublished or deleted. With Strapi 4, a further request for each page of a localized type
  asks which rows belong together.
* Strapi does not touch an entry when something that it embeds changes. Types listed in `related` (such as `tags`) are
  watched by one request each, and a change there makes the answer full. A webhook needs no such thing: tags, relations
  and media are among the entry's links, by the identity that the webhook names (see `hook`).

Requests ask for `status=published` (4: `publicationState=live`) and `populate` ("*": one level; or nested, as in
Strapi's documentation: `{"author": {"populate": "avatar"}}`). An entry or relation without `publishedAt` is a draft,
and dropped all the same. A missing translation is not replaced: that is decided where content is read. Media,
relations, components and dynamic zones stay as data: URLs of media become absolute, relations deeper than `link_depth`
become `{"$ref": documentId}`, row numbers, authors' names and `localizations` are left out. Blocks `x` also give
`x_html`; so do Markdown texts named in `markdown_fields`. An attribute named like a property of entries (`id`, `type`,
`tags`, `locale`, `published_at`, `expires_at`) becomes `cms_<name>`.

Tags are the `tag_name` of what the relation `tags_field` holds. `prefixed_tags: {audience: audience.segments}` makes
tags `audience:...` of the texts (or related entries) at that path of the entry.

Times out after `timeout_s` without a byte, and `total_timeout_s` a request; answers over `max_response_bytes` are
refused. Rate limits (429) and failures (5xx, no connection) are tried again up to `attempts` times, after what
`Retry-After` asks or 0.5 s and doubling, with jitter, at most `max_wait_s` at once. Redirects are followed on the same
scheme, host and port only. Addresses that are not public are refused unless `allow_private`.

Options: `url`, `types` (required), `version` (5), `token`, `locales` (default: Strapi's default locale), `related`,
`relations` (4 only: {attribute: plural id of what it holds}; default: the plural of the attribute's name), `populate`
("*"), `type_names` ({plural id: type}), `type_field` (attribute that names the type, where it has a value),
`tags_field` ("tags"), `tag_name` ("name"), `prefixed_tags`, `markdown_fields`, `link_depth` (2), `page_size` (100),
`overlap_s` (60), `timeout_s` (10), `total_timeout_s` (60), `max_response_bytes` (20,000,000), `attempts` (4),
`max_wait_s` (30), `allow_private` (false).

Tested against running Strapi 5.54 and 4.26, and against recordings of both that a local HTTP server replays, with
paging, filters, locales, authentication and faults imitated.
"""

from adapters.cms.strapi.hook import StrapiHook, build_hook
from adapters.cms.strapi.options import build
from adapters.cms.strapi.source import StrapiSource

__all__ = ["StrapiHook", "StrapiSource", "build", "build_hook"]
