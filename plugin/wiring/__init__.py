"""How the parts are put together, a file a concern; `plugin.app` calls them, and the commands that need some."""
