"""How long the properties search, and from which seed.

By default the search is the same on every run. `TESSERA_EXPLORE=20` searches twenty times as long, from a new
seed, which pytest prints and `--hypothesis-seed` sets.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings


def searched(examples: int) -> settings:
    """Settings for a property that looks at so many worlds a run."""
    times = int(os.environ.get("TESSERA_EXPLORE", "0"))
    return settings(
        max_examples=examples * max(times, 1),
        derandomize=times == 0,
        deadline=None,
        report_multiple_bugs=False,
        # Not `explain`: on worlds of this size it takes minutes and says that some line always ran.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        # A world is large by design: hundreds of small choices.
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
