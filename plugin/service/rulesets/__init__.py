"""Rule documents: the draft, what can be published, and what was."""
