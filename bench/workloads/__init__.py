"""One module for each workload, with a function `measure(stage)` that returns what it found.

To add one: its module, and its name here, in the order of the table.
"""

NAMES = (
    "rush",
    "refusals",
    "drop",
    "spread",
    "browse",
    "crowd",
    "growth",
    "latency",
    "waiting",
    "mails",
)
