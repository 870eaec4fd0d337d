"""Devices: what a User-Agent tells. The port, the parser of the uap project, and one that knows nothing."""
