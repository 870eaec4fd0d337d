"""Effects in order: what a request, a publication or a sync does, step by step. No SQL, no HTTP types."""
