"""Hears what concerns the people whose pages this process serves, and tells their websockets."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import UUID

from evently.deadlines import in_time
from evently.wire import the_wire
from events.live.hall import DATABASE_IS_OUT, Hall, text_frame
from events.live.outgoing import Send, Socket
from events.live.snapshots import Inquiry
from notifications.live.messages import ended, text_of
from notifications.live.reading import Key, Messages, read_people, read_places
from notifications.telling import channel_of, line_channel_of

# Places move with everybody who comes or goes: each process reads those of a line no more often.
READ_LINE_EVERY_SECONDS = 1.0

_halls: dict[asyncio.AbstractEventLoop, "People"] = {}


def the_people() -> "People":
    """The hall of the running event loop."""
    loop = asyncio.get_running_loop()
    return _halls.get(loop) or People(loop)


class Channel:
    """A channel of Redis while somebody here needs it; to close it while it opens is fine, too."""

    def __init__(self, name: str, hear: Callable[[bytes], None]) -> None:
        self.opening = asyncio.create_task(the_wire().listen(name, hear))

    def close(self) -> None:
        if self.opening.done():
            self.opening.result()()
        else:
            self.opening.cancel()


class Person:
    """Somebody who is connected here, if only by one of several pages, and what they know."""

    def __init__(self, hall: "People", user_id: UUID) -> None:
        self.user_id = user_id
        self.sockets: set[Socket] = set()
        self.guests = 0
        self.channel = Channel(channel_of(user_id), lambda _: hall.look_again({user_id}))
        self.told: Messages = {}
        # Events of whose lines the person hears.
        self.stands_in: set[UUID] = set()
        self._hall = hall

    def take(self, messages: Messages) -> None:
        """Learn how everything stands now, and tell what is new."""
        gone = {key: ended(message) for key, message in self._lasting() if key not in messages}
        self.learn(messages | gone)
        for key in gone:
            del self.told[key]

    def learn(self, messages: Messages) -> None:
        """Tell what is new of these messages; what they are silent about stays as it is."""
        for key, message in messages.items():
            if self.told.get(key) != message:
                self.told[key] = message
                for socket in self.sockets:
                    self._hall.post(socket, key, message)

    def greet(self, socket: Socket) -> None:
        """Tell the newcomer how things stand; notices that came before are for the bell alone."""
        for key, message in self.told.items():
            if key[0] != "notice":
                self._hall.post(socket, key, message)
        self.sockets.add(socket)

    def lines(self) -> dict[UUID, UUID]:
        """The entries with which the person waits, by their events."""
        return {
            UUID(message["event_id"]): UUID(message["entry_id"])
            for key, message in self.told.items()
            if key[0] == "position"
        }

    def _lasting(self) -> list[tuple[Key, Any]]:
        return [(key, message) for key, message in self.told.items() if key[0] != "notice"]


class Line:
    """An event's line as far as it concerns people who are connected here."""

    def __init__(self, hall: "People", event_id: UUID) -> None:
        self.event_id = event_id
        self.people: set[Person] = set()
        self._hall = hall
        self._read_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._channel = Channel(line_channel_of(event_id), self.hear)
        # Whatever moved while the channel was opened.
        self._channel.opening.add_done_callback(self.hear)

    def hear(self, _: object) -> None:
        """Read the places again: at once after a pause, else when the second is over."""
        if self._timer is None and self.people:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._read_at + READ_LINE_EVERY_SECONDS, self._go)

    def close(self) -> None:
        """Hear nothing more, when nobody here stands in the line."""
        if self._timer:
            self._timer.cancel()
        self._channel.close()

    def _go(self) -> None:
        self._timer = None
        self._read_at = asyncio.get_running_loop().time()
        self._hall.begin(self._read())

    async def _read(self) -> None:
        entries = [person.lines().get(self.event_id) for person in self.people]
        wanted = [entry_id for entry_id in entries if entry_id]
        people = {person.user_id: person for person in self.people}
        for user_id, messages in await in_time(read_places)(wanted):
            people[user_id].learn(messages)


class Visitor:
    """One websocket of a person."""

    def __init__(self, hall: "People", user_id: UUID, send: Send) -> None:
        self.socket = Socket(send)
        self._hall = hall
        self._person: Person | None = hall.enter(user_id)

    async def join(self) -> None:
        """Be told how things stand, and from now on what is new.

        Raises:
            ConnectionError: Redis is out.
            OperationalError, InterfaceError: the database is out.
        """
        assert self._person
        person = self._person
        await asyncio.wait([person.channel.opening])
        if not the_wire().is_up:
            raise ConnectionError("Redis is out")
        await self._hall.look({person.user_id})
        if self._person:
            person.greet(self.socket)
            self._hall.visitors.add(self)

    def leave(self) -> None:
        """Hear nothing more; to leave twice is the same as once."""
        person, self._person = self._person, None
        if person:
            self._hall.visitors.discard(self)
            person.sockets.discard(self.socket)
            self._hall.exit(person)


class People(Hall):
    """Made by `the_people`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._people: dict[UUID, Person] = {}
        self._lines: dict[UUID, Line] = {}
        self._inquiry = Inquiry(read_people)
        self._tasks: set[asyncio.Task[None]] = set()
        _halls[loop] = self
        self.life.add_done_callback(lambda _: _halls.pop(loop))

    def enter(self, user_id: UUID) -> Person:
        if user_id not in self._people:
            self._people[user_id] = Person(self, user_id)
        self._people[user_id].guests += 1
        return self._people[user_id]

    def exit(self, person: Person) -> None:
        """One page of the person is closed; with the last one the person is gone."""
        person.guests -= 1
        if not person.guests:
            del self._people[person.user_id]
            person.channel.close()
            self._stand_in(person, set())

    async def look(self, user_ids: Iterable[UUID]) -> None:
        """Read how things stand for these people, and tell them what is new."""
        found = await self._inquiry.ask(user_ids)
        for user_id in user_ids:
            if person := self._people.get(user_id):
                person.take(found[user_id])
                self._stand_in(person, set(person.lines()))

    async def catch_up(self) -> None:
        await self.look(set(self._people))

    def look_again(self, user_ids: Iterable[UUID]) -> None:
        """`look`, without waiting for it."""
        self.begin(self.look(user_ids))

    def post(self, socket: Socket, key: Key, message: dict[str, Any]) -> None:
        self.carriers.post(socket, key, text_frame(text_of(message)))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it meanwhile; everybody is sent away when the database is out."""
        task = asyncio.create_task(self._try(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except DATABASE_IS_OUT:
            self.send_away()

    def _stand_in(self, person: Person, event_ids: set[UUID]) -> None:
        """Let the person hear of these lines and of no others; touches no line but theirs."""
        for event_id in event_ids - person.stands_in:
            if event_id not in self._lines:
                self._lines[event_id] = Line(self, event_id)
            self._lines[event_id].people.add(person)
        for event_id in person.stands_in - event_ids:
            line = self._lines[event_id]
            line.people.remove(person)
            if not line.people:
                del self._lines[event_id]
                line.close()
        person.stands_in = event_ids
