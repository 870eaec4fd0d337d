"""Privacy over the whole application: real databases, streams, and Redis where it is used."""
