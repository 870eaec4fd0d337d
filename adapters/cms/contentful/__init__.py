"""Content from Contentful by its Content Delivery API, published entries only, and drafts by its Preview API.

* The first answer is an initial synchronisation (Sync API): all entries and assets with all their locales, page by
  page. Links are followed within it, so it takes as many requests as there are pages, and three for the model.
* A later answer asks for what changed since the sync token: one request, and a second where a changed entry has
  links, or something that other entries show has changed. These are made anew; the cursor knows who shows what, and
  of each variant a digest, so that an edit of one locale brings that variant alone. A token that is no longer
  understood costs a full answer.
* The model (locales, content types, names of tags, labels of concepts) is kept with the cursor and read again after
  `model_ttl_s`, or when an entry has something that it does not know. Where it then says otherwise than before, such
  as a tag of another name, the answer is full.

An entry is made for each locale in which one of its localized fields has a value; one without such a value has no
locale. In a variant, fields that are not localized come from the default locale; localized ones that are missing are
filled by the fallback locale that the space names, and by no other. Locales become language tags (`fr-be`: `fr-BE`).

The version is `sys.revision`, which grows with each publication and is kept over an unpublishing. The date of
publication is `sys.createdAt`: it does not move with each edit, or one of another locale.

Links become `{id, type, tags, fields}`, assets `{id, title, description, file, url}` with addresses in https; links
deeper than `link_depth`, in a circle, or to what is not published become `{"$ref": id}`. Rich text `x` stays as data,
its links followed like others, and gives `x_html`; so do long texts, as Markdown, or those named in
`markdown_fields`. In `x_html` an embedded entry is its display field, linked where `entry_urls` has a pattern for its
type, such as `/articles/{slug}`. A field named like a property of entries (`id`, `type`, `tags`, `locale`,
`published_at`, `expires_at`) becomes `cms_<name>`.

Tags are the names of an entry's public tags, in the editor's order, such as `audience:vip`. With `tags_by = "id"`
they are made of ids, which hold no colon: `audience-vip`, `audience_vip`, `audience.vip` and `audienceVip` become
`audience:vip`, for each of `tag_prefixes`. Taxonomy concepts become `topic:<label>` (`concept_prefix`), or stay as
they are where the label has a prefix of its own.

Waits, limits, retries, redirects and addresses are those of every adapter over HTTP; of a 429 without `Retry-After`,
`X-Contentful-RateLimit-Reset` is obeyed.

Options: `space`, `token` (required), `environment` ("master", or an alias), `region` ("global", "eu"), `url`,
`preview_token`, `preview_url`, `locales` (codes of those that are read: all), `link_depth` (2), `markdown_fields`,
`entry_urls`, `tags_by` ("name", "id"), `tag_prefixes` (slot, audience, topic), `concepts` ("label", "id", "none"),
`concept_prefix` ("topic"), `page_size` (200), `model_ttl_s` (600), `timeout_s` (10), `total_timeout_s` (60),
`max_response_bytes` (20,000,000), `attempts` (4), `max_wait_s` (30), `allow_private` (false).

Tested against a local HTTP server that imitates Contentful's documented paging, tokens, limits and errors; never
against Contentful itself.
"""

from adapters.cms.contentful.options import build
from adapters.cms.contentful.source import ContentfulSource

__all__ = ["ContentfulSource", "build"]
