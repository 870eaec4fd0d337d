"""The rule language of Tessera, usable alone: no database, no web, no network.

>>> import rules
>>> rules.matches({"geo.country": ["FR", "BE"]}, {"geo.country": "FR"})
True
"""

from rules.api import load, load_files, matches
from rules.attributes import BUILT_IN, Attribute, Catalogue
from rules.buckets import bucket
from rules.content import Content
from rules.decision import Block, Decision, Hint, Reason
from rules.errors import Problem, RuleError, UnknownSlotError
from rules.facts import Facts
from rules.plan import Plan
from rules.ruleset import Ruleset
from rules.testing import TestResult, run_tests

__all__ = [
    "BUILT_IN",
    "Attribute",
    "Block",
    "Catalogue",
    "Content",
    "Decision",
    "Facts",
    "Hint",
    "Plan",
    "Problem",
    "Reason",
    "RuleError",
    "Ruleset",
    "TestResult",
    "UnknownSlotError",
    "bucket",
    "load",
    "load_files",
    "matches",
    "run_tests",
]
