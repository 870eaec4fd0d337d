"""Content from a folder of Markdown and YAML files, such as a git checkout.

Layout: `<path>/<type>/[folders/]<slug>[.<locale>].{md,yaml,yml}`. Names that begin with a dot or an
underscore, and README files, are left out. A Markdown file begins with YAML front matter between two lines
`---`; a YAML file is all front matter.

=============  ======================================================================================
key            meaning
=============  ======================================================================================
id             identity, the same in all locales; default: the slug
type           default: the first folder
locale         default: from the file's name, else none
tags           a list of texts (or one text), kept as they are: `topic:food`, `audience:vip`
published_at   ISO 8601 date or date-time; UTC where it has no offset; a date is its midnight
expires_at     the same; from then on nobody sees the entry
draft          true keeps the file out, and shows it in previews, in the place of what is published of that id
(others)       fields of the entry, any YAML value
=============  ======================================================================================

The Markdown below the front matter becomes the field `body` as it is, and `body_html`, rendered and
sanitised. So does every field in `markdown_fields`, if it is a text. Any other field in `..._html` is
sanitised.

Links: `{$ref: ID}` as a value is replaced by the entry of that id in the same language (else the one without
a locale, else by the order of `locales`), as `{"id", "type", "locale", "tags", "fields"}`, to `link_depth`
levels. Deeper, around a cycle, and where there is no such entry it stays `{"$ref": ID}`. Assets:
`{$asset: PATH}` and the relative paths of images in Markdown, relative to the file, become `assets_base` and
the path from the folder; paths that begin with a slash and web addresses stay.

YAML is the 1.2 core schema. Duplicate keys, anchors, aliases, tags, several documents, numbers beyond
doubles or 2^53, files over `max_file_bytes`, text that is not UTF-8, and symbolic links that lead out of the
folder are problems of that file alone: the last good version of its entry stays. A folder that cannot be
read, or that has more than `max_files` files, is an error of the whole answer: nothing changes.

Options: `path` (required), `assets_base` ("/assets/"), `locales` (accepted locales in order of preference;
default: any), `markdown_fields` (["body"]), `link_depth` (2), `max_file_bytes` (1,000,000), `max_files`
(20,000).

A cursor holds each file's stat and digest, about 150 bytes a file; only changed files are read again.
"""

from adapters.cms.files.source import FilesSource, build

__all__ = ["FilesSource", "build"]
