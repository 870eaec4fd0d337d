"""Content from its sources: notices, looking, syncing, and what is stored, as rules see it."""
