"""HTTP: parse, call one service, dump."""
