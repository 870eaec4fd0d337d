"""Whole runs through a real Varnish in front of a real Tessera: is every answer right, and how often is it a hit."""
