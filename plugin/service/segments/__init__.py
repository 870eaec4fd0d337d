"""Segments that keep people: filled, read, exported, and what uses them."""
