"""Engines of others that decide the same flags beside ours: `make bench-peers`; docs/benchmark/peers.md."""
