"""Content from Wagtail by its API v2: pages, and snippets that have an endpoint there. Published ones only.

Alone, or better with `tessera_wagtail`, the small Django app that lies in the folder `MODULE`, for the site to
install; Tessera never imports it. It announces changes, and adds to the API what API v2 leaves out.

**Without it** (`module` false) nothing in the API says when a page was last changed (`first_published_at` is no
version), so versions are not ordered. Each answer to `changes` reads every page and tells of those whose content
differs from the digests in its cursor. An entry's identity is the page's number, and each translation an entry of its
own; a site whose API shows another field may name it as `identity`. Links and images in rich text give only numbers,
and are dropped. No drafts are shown.

**With it** (`module` true) an entry's identity is its `translation_key`, the same in all languages, and its version is
`last_published_at`. Later answers read the pages that were published last, down to what the cursor has seen (less
`overlap_s`): one request for each type where little changed. Where the number of pages is not the one expected, all
numbers are listed to find what was unpublished or deleted. Moves, renamed tags, changed images and snippets do not
touch `last_published_at`: the app announces them, and a full answer has them. Links and images in rich text are
resolved. `draft` shows the latest revision if there is a `preview_token`.

Pages are listed in the order of their numbers, each answer beginning with the last page of the one before; where it
does not, something was published or removed meanwhile, and the reading steps back. A `limit` that the site refuses is
lowered to what it allows. Restricted pages and those of other sites are not in the API, and so not here. Snippets
(`snippets`: names of endpoints in the site's router) are always read whole and compared; their identity is
"app.Model:number". What says of itself that it is not live is left out.

StreamField and other values stay as data. A text `x` that is rich text also gives `x_html`, sanitised; so do Markdown
texts named in `markdown_fields`. Which texts are rich text the API does not say: those that begin with a block-level
tag and end with a tag, and those named in `rich_text_fields`. Addresses of images and documents become absolute. What
stands in `meta` (`slug`, `html_url`, …) are fields beside the others. A field named like a property of entries (`id`,
`type`, `tags`, `locale`, `published_at`, `expires_at`) becomes `cms_<name>`.

Tags are those of `tags_field` (taggit). `prefixed_tags: {audience: segments}` makes tags `audience:...` of the texts
at that path. Variants of wagtail-personalisation, which API v2 lists like any page, get the tag `audience:<segment>`:
told by the app, or without it by a slug that ends with one of `segments` ({encoded segment name: audience}).

Time-outs, limits, retries, redirects and private addresses: see `adapters.cms.client`; errors are in the port.

Options: `url`, `types` (required, "app.Model"), `snippets`, `locales` (default: all), `module` (false), `identity`,
`token`, `preview_token`, `api_path` ("/api/v2"), `site` (where several share an API), `fields` ("*"),
`rich_text_format` (Wagtail 8 and later), `type_names` ({"app.Model": type}), `type_field`, `tags_field` ("tags"),
`prefixed_tags`, `segments`, `markdown_fields`, `rich_text_fields`, `page_size` (20), `overlap_s` (60), `timeout_s`
(10), `total_timeout_s` (60), `max_response_bytes` (20,000,000), `attempts` (4), `max_wait_s` (30), `allow_private`
(false).

Tested against a running Wagtail 8 with and without the app, and against recordings of Wagtail 8.
"""

from pathlib import Path

from adapters.cms.wagtail.options import build
from adapters.cms.wagtail.source import WagtailSource

MODULE = Path(__file__).parent / "module"
"""The folder that holds the Django app `tessera_wagtail`."""

__all__ = ["MODULE", "WagtailSource", "build"]
