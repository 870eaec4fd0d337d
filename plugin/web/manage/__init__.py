"""Management routes, a file a resource: each gives its operations, which call one service each."""
