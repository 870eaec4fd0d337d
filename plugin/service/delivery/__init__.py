"""Decisions for requests and for edges: the published state, scores, answers, purges."""
