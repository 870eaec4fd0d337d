"""Durable streams between what accepts events and what applies them. The port is `adapters.streams.port`."""
