"""Live news of events for everybody who looks at them, through Redis to all server processes.

A process that changes an event tells it from its newsroom (`newsroom`): ready-made messages on one
channel of Redis for each event (`messages`). Each server process hears a channel once, in its hub
(`hub`), and hands the newest message to the websockets that want it, each at its own pace
(`outgoing`). Whoever comes is told first how things stand (`snapshots`).
"""

from events.live.newsroom import announcer as announcer
