"""Content from anything that gives JSON, over HTTP or from a file, mapped by JSONPath (RFC 9535).

The list stands at `path` below `url`, or in `file`. `items` is where the list is in the answer: an answer without a
list there is another schema, and an error; an empty list is an empty list. Each item becomes an entry:

===================  ==============================================================================================
option               meaning, as a path from the item
===================  ==============================================================================================
id ("$.id")          identity: a text or a whole number
type                 content type; where it is missing, `content_type`
locale               language tag; `fr_BE` is taken, too
tags                 a path, or a list of paths, to texts or lists of texts; `prefixed_tags: {audience: PATH}` makes
                     tags `audience:...` of them
published_at,        ISO 8601 (UTC where it has no offset), or a number since the Unix epoch, in seconds or
expires_at           milliseconds by `epoch` ("s", "ms")
version              with `ordering` "integer" or "timestamp"; these are ordered where they are at least
                     `version_resolution_ms` (1000) apart. Without one, ordering is "none"
keep                 a condition, such as `@.status == "published" && @.kind != "page"`; other items are no entries
===================  ==============================================================================================

Fields are the members of the object at `fields_at` ("$"; names only), less those in `without` and those that became one
of the above, one that is named like a property of entries as `cms_<name>`; or, with `fields: {name: PATH}`, these
alone: a path that can match several values gives a list. Texts in `html_fields` and `markdown_fields` stay and stand
beside as `x_html`, sanitised, relative images joined to `assets_base`; any other field in `..._html` is sanitised.

Ids in `link_fields` (one, or a list) are replaced by the entries they name, in the same language where there is one, as
`{"id", "type", "locale", "tags", "fields"}`, to `link_depth` (2) levels, around cycles and where there is none by
`{"$ref": id}`. Objects there stay, as entries that the source embedded.

Languages: a `locale` of each item; or a list for each of `locales`, where `{locale}` stands in `path` or in a value of
`params` (written as `locale_names` has it); or `localized_fields` that hold an object by language each, which makes an
entry of each language there. Where `locales` is given, others are left out.

Pages (`paging`): "none"; "next": a link at `next` in the answer; "header": a `Link` header; "cursor": what `next` says,
as `cursor_param`; "page": `page_param` from `first_page` (1); "offset": `offset_param`, counted in items. The last two
end with an empty page, or with as many items as `total` says. Links are followed on the same scheme, host and port;
pages in a circle are an error. The size of pages goes into `params`.

A list is read as a whole, and the cursor remembers each item's digest: only what changed comes, and what embeds it. A
list of several pages can shift while it is read. With `total` (a path to the number of items) that is noticed;
without, a list from which known entries are missing is read again until two readings agree. With `since_param` and
`updated_at` only changes are asked for: since the latest `updated_at` seen, less `overlap_s` (60), written by
`since_format` ("iso", "epoch", "epoch_ms"). Such an answer tells of a deletion only by an item that `keep` turns away;
everything is listed again every `full_every_s` (3600).

An item that cannot be an entry is a blocking problem; its last good version stays. One of which it cannot be said whose
it is holds up every removal, for any missing entry may be that one. Not storable are numbers that are not finite or
beyond 64 bits, NUL, half surrogate pairs, and more than 40 levels.

One entry is asked for at `entry_path`, with `entry_params`, where `{id}` and `{locale}` stand for these, and stands at
`entry` ("$"); an answer with another id is refused. Without `entry_path` the list is read. Drafts are shown where
`previews` is true: one entry, asked with `draft_params` beside, whatever `keep` says.

Other options: `token` (bearer), `headers`, `params`, `max_items` (100,000), and the limits `timeout_s` (10),
`total_timeout_s` (60), `max_response_bytes` (20,000,000; of a file, too), `attempts` (4), `max_wait_s` (30),
`allow_private` (false), as in `adapters.cms.client`.
"""

from adapters.cms.generic.options import build
from adapters.cms.generic.source import GenericSource

__all__ = ["GenericSource", "build"]
