"""How the sample site's pictures are drawn: standard library only, the same bytes on every run."""
