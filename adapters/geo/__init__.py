"""Geography: where an IP address is. The port, a MaxMind database, and one that knows nothing."""
