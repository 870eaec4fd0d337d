"""Personal data: who may see it, how it goes, and for how long it stays."""
