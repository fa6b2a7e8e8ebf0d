"""A websocket that is closed is gone, in whatever instant that happens."""

import asyncio

import pytest
from channels.layers import get_channel_layer

# Loop turns from the first step of listening to waiting for Redis, and some more.
TURNS = 30


@pytest.mark.parametrize("turns", range(TURNS))
async def test_who_stops_listening_has_stopped(turns: int) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("group", channel)  # the connection stands
    listening = asyncio.create_task(layer.receive(channel))
    for _ in range(turns):
        await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait([listening], timeout=3)
    assert listening.cancelled()
    assert layer.receive_count == 0
