"""Drafts shown to editors, decided by the same code and never counted."""
