"""Events end to end: real processes that take and apply them, and what is left of their work when they are killed."""
