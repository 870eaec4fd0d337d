"""Webhooks end to end: an imitation CMS, real processes, and what is left of them when they are killed."""
