"""How much a test tries: enough to see each fault that it was written for.

`make test THOROUGH=yes` tries as much as for a release.
"""

import os

IS_THOROUGH = bool(os.environ.get("THOROUGH"))


def so_many(usually: int, thoroughly: int) -> int:
    """How many times a test repeats something."""
    return thoroughly if IS_THOROUGH else usually
