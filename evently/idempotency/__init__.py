"""Idempotency keys: the answer to a request is kept for a day, and a repeated request gets it (the
IETF draft `draft-ietf-httpapi-idempotency-key-header`).

An answer is kept in the transaction of the change that it tells of: a change without its answer, or
an answer without its change, cannot be. Two ways lead here, to one table: `evently.api.repeats` for
single requests, and `bookings.services.retries` for batches of bookings.
"""
