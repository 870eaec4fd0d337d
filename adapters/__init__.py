"""The outside world, one folder a port; adapters are found by name through `adapters.registry`."""
