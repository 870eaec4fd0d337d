"""The benchmark of the decision path: `tessera bench`."""
