"""Content from WordPress by its REST API, published posts only.

An entry's identity is the post's number. Each of `types` (by rest_base) is read by one request at a time:

* The first answer lists everything in the order of numbers. A page begins with the last post of the one before, so
  that posts that come, go or change meanwhile are neither skipped nor doubled.
* A later answer takes two requests for each type and language where little changed: what was modified after what the
  cursor has seen (less `overlap_s`), and the latest hundred by date with the number of all. Where that number is not
  the one expected, all numbers are listed to find what has gone. A post whose scheduled time has come is among the
  latest by date; its modification date does not tell.
* Two things stay unseen until the next notice or full answer: an edit in the hour that is repeated when summer time
  ends, because WordPress compares local dates; and posts imported with old dates, where as many have gone meanwhile.
* Renaming a term or an author touches no post. The plugin in `module/` announces both, and the posts are found by
  their links: posts and files by number, terms as "term:4", authors as "user:1".

Posts that are not published, are private, or behind a password are no entries. The `date_gmt` is the publication, the
`modified_gmt` the version, in whole seconds.

Terms become tags: a term named "audience: vip", "slot: home.hero" or "topic: food" makes that tag without spaces, as
does one with the slug "slot-home-hero" ("slot:home-hero"); else its slug (or name, see `term_text`), behind the
prefix of its taxonomy where it has one: by default `segment` and `audience` give "audience:", `category` and `topic`
"topic:", `slot` "slot:". A term that cannot be read keeps the entry out: without the tag that keeps it for some it
would be shown to all.

Titles become plain text. Other rendered fields `x` stay as data (as they were written, where `raw` asks for it) and
give `x_html`, sanitised; so do the fields named in `html_fields` and `markdown_fields`, by dotted paths such as
`acf.text`. Author, featured image and parent stand in the entry, the terms under `terms`; of a parent that is not
published, or a file that is private, its number alone (`{"$ref": id}`). `link_fields` maps paths to
the rest_base of the posts that they name; these stand in the entry down to `link_depth`, deeper ones as `{"$ref": id}`.
Fields of plugins stay as they are. One that is named like a property of entries becomes `cms_<name>`.

Plain WordPress has one language; `locale` names it. With a plugin such as Polylang Pro, `locales` lists its language
codes: each is read by the parameter `lang`, and translations share the smallest of their numbers as identity.

Drafts need a `username` and an `application_password`; so does `raw`. Both are sent with every request, where given.
To a wrong password WordPress can answer as if there were none; so a full answer, and one that finds deletions, asks
who we are first.
A site with plain permalinks is noticed and asked by `?rest_route=`.

Times out after `timeout_s` without a byte, and `total_timeout_s` a request; answers over `max_response_bytes` are
refused. Rate limits (429) and failures (5xx, no connection) are tried again up to `attempts` times, after what
`Retry-After` asks or 0.5 s and doubling, with jitter, at most `max_wait_s` at once. Redirects are followed on the same
scheme, host and port only. Addresses that are not public are refused unless `allow_private`.

Options: `url` (required), `types` (["posts"]), `username`, `application_password`, `token` (a bearer instead of
them), `locale`, `locales`, `raw` (false), `type_names` ({rest_base or type: type}), `taxonomies` ({taxonomy: prefix},
added to the defaults; "" for none), `term_text` ("slug" or "name"), `ignored_terms` (slugs; ["uncategorized"]),
`html_fields`, `markdown_fields`, `link_fields`, `link_depth` (2), `permalinks` ("auto", "pretty", "plain"),
`page_size` (100), `overlap_s` (60, at least 2), `timeout_s` (10), `total_timeout_s` (60), `max_response_bytes`
(20,000,000), `attempts` (4), `max_wait_s` (30), `allow_private` (false).

Tested against recordings of WordPress 6.1 that a local server replays, and against a running WordPress 6.1 from
Debian with the plugin active (`make test-cms`). Polylang and ACF are imitated only.
"""

from adapters.cms.wordpress.options import build
from adapters.cms.wordpress.source import WordPressSource

__all__ = ["WordPressSource", "build"]
