"""The naive evaluator of the rule language: the page, read plainly.

It is the oracle that the real engine is compared with. It takes the document as plain parsed data, assumes
that it is valid, and walks everything with loops: no compiling, no index, no cache, and nothing imported from
`rules`. Where speed and plainness disagree, plainness wins.
"""

from .decision import Answer, decide
from .matching import matches
from .segments import held_segments

__all__ = ["Answer", "decide", "held_segments", "matches"]
