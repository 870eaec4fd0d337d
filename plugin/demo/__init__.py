"""The sample site and its storefront."""
