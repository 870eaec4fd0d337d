"""What a slot costs caches: what its answer depends on, how many answers that makes, and how long they hold."""
