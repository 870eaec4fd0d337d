"""Compiled rule sets: an evaluator in JavaScript that knows the specification alone, and what it is compared with."""
