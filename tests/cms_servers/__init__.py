"""Real CMSs that are too heavy for every run: `make test-cms` installs what is missing and runs this folder alone."""
