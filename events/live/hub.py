"""Hears each event once for all websockets of this process that look at it."""

import asyncio
import json
from collections.abc import Iterable
from uuid import UUID

from evently.wire import the_wire
from events.live.hall import ALIVE, Hall, text_frame
from events.live.messages import channel_of, viewers_channel_of
from events.live.outgoing import Carriers, Send, Socket
from events.live.snapshots import Snapshots

TELL_EVERY_SECONDS = 0.1

_hubs: dict[asyncio.AbstractEventLoop, "Hub"] = {}


def the_hub() -> "Hub":
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    return _hubs.get(loop) or Hub(loop)


class Room:
    """Who hears a channel of Redis through this process, and the last that was said there."""

    def __init__(self, channel: str, event_id: UUID, carriers: Carriers) -> None:
        self.event_id = event_id
        self.guests = 0
        self.opening = asyncio.create_task(the_wire().listen(channel, self._hear))
        self._carriers = carriers
        # With the number of what each was told last. A higher number is newer.
        self._members: dict[Socket, int] = {}
        self._number = 0
        self._frame = ALIVE
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def take(self, number: int, text: str) -> None:
        """Tell the members, at most ten times a second, unless something newer is known."""
        if number <= self._number:
            return
        self._number, self._frame = number, text_frame(text)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._told_at + TELL_EVERY_SECONDS, self._tell)

    def add(self, socket: Socket) -> None:
        """Tell the newcomer what was said last, and whatever comes."""
        self._members[socket] = self._number
        if self._number:
            self._carriers.post(socket, self, self._frame)

    def remove(self, socket: Socket) -> None:
        self._members.pop(socket, None)

    def close(self) -> None:
        """Hear nothing more."""
        if self._timer:
            self._timer.cancel()
        if self.opening.done():
            stop = self.opening.result()
            stop()
        else:
            self.opening.cancel()

    def _hear(self, payload: bytes) -> None:
        text = payload.decode()
        # The count of viewers has no version: what is said later is newer.
        self.take(json.loads(text).get("version", self._number + 1), text)

    def _tell(self) -> None:
        self._timer = None
        self._told_at = asyncio.get_running_loop().time()
        for socket, number in self._members.items():
            if number < self._number:
                self._members[socket] = self._number
                self._carriers.post(socket, self, self._frame)


class Visitor:
    """A websocket and the rooms in which it is a guest."""

    __slots__ = ("_hub", "_rooms", "socket")

    def __init__(self, hub: "Hub", send: Send) -> None:
        self.socket = Socket(send)
        self._hub = hub
        self._rooms: dict[str, Room] = {}

    async def join(self, event_ids: Iterable[UUID], *, as_viewer: bool = False) -> None:
        """Hear the events, and as a viewer their viewers, too; nothing is told before `see`.

        Returns when nothing that happens from now on can be missed.

        Raises:
            ConnectionError: Redis is out.
        """
        for event_id in event_ids:
            self._enter(channel_of(event_id), event_id)
            if as_viewer:
                self._enter(viewers_channel_of(event_id), event_id)
        opening = [room.opening for room in self._rooms.values() if not room.opening.done()]
        if opening:
            await asyncio.wait(opening)
        if not the_wire().is_up:
            raise ConnectionError("Redis is out")

    async def see(self) -> bool:
        """Be told how the events stand that this visitor joined, and from now on what is new.

        Returns:
            Whether any of the events is public; the others are left.

        Raises:
            OperationalError, InterfaceError: the database is out.
        """
        rooms = self._rooms.items()
        public = await self._hub.look_up({room.event_id for _, room in rooms})
        for channel in [channel for channel, room in rooms if room.event_id not in public]:
            self._exit(channel)
        for room in self._rooms.values():
            room.add(self.socket)
        self._hub.visitors.add(self)
        return bool(public)

    def leave(self) -> None:
        """Hear nothing more; to leave twice is the same as once."""
        self._hub.visitors.discard(self)
        for channel in list(self._rooms):
            self._exit(channel)

    def _enter(self, channel: str, event_id: UUID) -> None:
        self._rooms[channel] = self._hub.open_room(channel, event_id)

    def _exit(self, channel: str) -> None:
        self._rooms.pop(channel).remove(self.socket)
        self._hub.close_room(channel)


class Hub(Hall):
    """Made by `the_hub`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._rooms: dict[str, Room] = {}
        self._snapshots = Snapshots()
        _hubs[loop] = self
        self.life.add_done_callback(lambda _: _hubs.pop(loop))

    def open_room(self, channel: str, event_id: UUID) -> Room:
        if channel not in self._rooms:
            self._rooms[channel] = Room(channel, event_id, self.carriers)
        self._rooms[channel].guests += 1
        return self._rooms[channel]

    def close_room(self, channel: str) -> None:
        """One guest leaves; the last one closes the door."""
        self._rooms[channel].guests -= 1
        if not self._rooms[channel].guests:
            self._rooms.pop(channel).close()

    async def look_up(self, event_ids: set[UUID]) -> set[UUID]:
        """Tell the events' rooms how they stand now; returns the public ones of the events."""
        snapshots = await self._snapshots.ask(event_ids)
        public = event_ids & snapshots.keys()
        for event_id in public:
            if room := self._rooms.get(channel_of(event_id)):
                room.take(snapshots[event_id].version, snapshots[event_id].text)
        return public

    async def catch_up(self) -> None:
        await self.look_up({room.event_id for room in self._rooms.values()})
