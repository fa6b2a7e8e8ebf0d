"""What is counted of accounts."""

from prometheus_client import Counter

LOGINS_FAILED = Counter("evently_logins_failed", "Wrong passwords")
LOGINS_REFUSED = Counter(
    "evently_logins_refused",
    "Log-ins refused because a budget of wrong passwords is used up",
    ["budget"],
)
LOGINS_COUNTED_LOCALLY = Counter(
    "evently_logins_counted_locally", "Log-ins counted by one process alone, as Redis was out"
)
