"""CMSs that run."""
