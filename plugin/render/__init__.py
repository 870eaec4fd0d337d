"""Blocks to markup."""
