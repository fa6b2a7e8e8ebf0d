"""Load on a running server, for its operators.

```
command ▸ running    makes scratch rows, starts Locust as a program of its own, reads its summary
          locustfile what the made-up people do; Locust reads it, Django never does
```
Locust replaces parts of Python's library, so it must not be imported where Django runs.
"""
