"""The decision, pure, one step a file."""
