"""A real Varnish with the shipped configuration of the edge protocol."""
