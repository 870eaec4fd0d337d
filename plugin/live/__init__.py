"""Hot state that can be rebuilt: SQL is the truth."""
