"""Writing to an event's people begins where messages are listed."""

import pytest
from django.urls import reverse

from tests.admin.world import World, page, text

pytestmark = pytest.mark.django_db

WRITE = reverse("admin:notifications_broadcast_write")


def test_a_message_is_begun_where_messages_are_listed(world: World) -> None:
    client = world.at("owner")
    assert WRITE in text(client.get(reverse("admin:notifications_broadcast_changelist")))
    choice = text(client.get(WRITE))
    assert str(world.event.pk) in choice
    assert str(world.draft.pk) not in choice
    assert str(world.foreign.event.pk) not in choice
    chosen = client.get(WRITE, {"event": str(world.event.pk)})
    assert chosen.status_code == 302
    assert chosen["Location"] == page(world.event, "broadcast")


@pytest.mark.parametrize("name", ["door", "viewer", "finance"])
def test_who_may_not_write_is_offered_no_message(world: World, name: str) -> None:
    assert world.at(name).get(WRITE).status_code == 403


def test_nobody_writes_to_the_people_of_others(world: World) -> None:
    answer = world.at("owner").get(WRITE, {"event": str(world.foreign.event.pk)})
    assert answer.status_code == 200
    assert "Select a valid choice" in text(answer)


def test_a_team_without_a_published_event_is_told_so(world: World) -> None:
    content = text(world.at("stranger").get(WRITE))
    assert "There is no published event of yours yet." in content
