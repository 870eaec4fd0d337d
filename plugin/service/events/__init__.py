"""What visitors do: taken in, made durable, applied once."""
