"""Scoring models. The port is `adapters.models.port`; adapters load lazily through the registry."""
