"""Caches in front of the site that can be told what is no longer right, one module each."""
