"""The editors' pages: what a visitor would get, and why, before anything is published."""

from plugin.editor.pages import blueprint
from plugin.editor.services import EditorServices

__all__ = ["EditorServices", "blueprint"]
