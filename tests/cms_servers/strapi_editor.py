"""What an editor does in Strapi's admin panel, by the same calls, for versions 4 and 5 alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cms_servers.strapi_site import Strapi

MANAGER = "/content-manager/collection-types"
ARTICLES, TAGS = "api::article.article", "api::tag.tag"


@dataclass(frozen=True)
class Made:
    """One localization of an entry, or a tag.

    Attributes:
        address: by which the admin API names it: the `documentId`, or in version 4 the row.
        id: the identity that Tessera must give it.
    """

    address: str
    id: str
    locale: str | None = None


@dataclass
class Editor:
    """Hands on a running site."""

    site: Strapi

    def tag(self, name: str) -> Made:
        """A new tag, at once published: its type has no drafts."""
        made = self._data(self.site.call("POST", f"{MANAGER}/{TAGS}", {"name": name}))
        return self._made(made, "tags")

    def rename_tag(self, tag: Made, name: str) -> None:
        self.site.call("PUT", f"{MANAGER}/{TAGS}/{tag.address}", {"name": name})

    def delete_tag(self, tag: Made) -> None:
        self.site.call("DELETE", f"{MANAGER}/{TAGS}/{tag.address}")

    def draft(self, title: str, *tags: Made, **fields: object) -> Made:
        """A new article in English, saved and not published."""
        made = self._data(self.site.call("POST", f"{MANAGER}/{ARTICLES}", self._body(title, tags, fields)))
        return self._made(made, "articles")

    def translate(self, article: Made, title: str) -> Made:
        """Its French, saved and not published."""
        if self.site.version == 5:
            path = f"{MANAGER}/{ARTICLES}/{article.address}"
            self.site.call("PUT", path, self._body(title, (), {}), locale="fr")
            return Made(article.address, article.id, "fr")
        path = f"{MANAGER}/{ARTICLES}"
        made = self.site.call("POST", path, self._body(title, (), {}), locale="fr", relatedEntityId=article.address)
        return Made(str(made["id"]), article.id, "fr")

    def save(self, article: Made, **fields: object) -> None:
        """Saves a change; in version 5 of the draft alone, in version 4 of what is published."""
        self.site.call("PUT", f"{MANAGER}/{ARTICLES}/{article.address}", fields, **self._locale(article))

    def change(self, article: Made, **fields: object) -> None:
        """Changes what is published."""
        self.save(article, **fields)
        if self.site.version == 5:
            self.publish(article)

    def publish(self, article: Made) -> None:
        path = f"{MANAGER}/{ARTICLES}/{article.address}/actions/publish"
        self.site.call("POST", path, {}, **self._locale(article))

    def publish_in_bulk(self, article: Made) -> None:
        """As the list of the admin panel does; nothing is saved by it."""
        name = "documentIds" if self.site.version == 5 else "ids"
        address: str | int = article.address if self.site.version == 5 else int(article.address)
        self.site.call("POST", f"{MANAGER}/{ARTICLES}/actions/bulkPublish", {name: [address]}, **self._locale(article))

    def unpublish(self, article: Made) -> None:
        path = f"{MANAGER}/{ARTICLES}/{article.address}/actions/unpublish"
        self.site.call("POST", path, {}, **self._locale(article))

    def delete(self, article: Made) -> None:
        """This localization, with its draft."""
        self.site.call("DELETE", f"{MANAGER}/{ARTICLES}/{article.address}", **self._locale(article))

    def published(self, title: str, *tags: Made, **fields: object) -> Made:
        """A new article in English for all to see."""
        made = self.draft(title, *tags, **fields)
        self.publish(made)
        return made

    def _body(self, title: str, tags: tuple[Made, ...], fields: dict[str, object]) -> dict[str, object]:
        name = "documentId" if self.site.version == 5 else "id"
        connect = [{name: tag.address if self.site.version == 5 else int(tag.address)} for tag in tags]
        return {"title": title, **({"tags": {"connect": connect}} if connect else {}), **fields}

    def _made(self, data: dict[str, Any], api_id: str) -> Made:
        if self.site.version == 5:
            return Made(data["documentId"], data["documentId"], data.get("locale"))
        return Made(str(data["id"]), f"{api_id}:{data['id']}", data.get("locale"))

    def _locale(self, article: Made) -> dict[str, str]:
        return {"locale": article.locale or "en"} if self.site.version == 5 else {}

    @staticmethod
    def _data(answer: dict[str, Any]) -> dict[str, Any]:
        inner = answer.get("data")
        return inner if isinstance(inner, dict) else answer
