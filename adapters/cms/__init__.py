"""Content sources. The port is `adapters.cms.port`; adapters load lazily through the registry."""
