"""Two people edit the same event: the second sees both versions and decides."""

import pytest

from tests.admin.world import World, entries, history_of, page, stored, text
from tests.makers import make_booking

WARNING = "Somebody else changed this event"


def test_the_second_of_two_editors_sees_both_versions_and_loses_nothing(world: World) -> None:
    form = entries(world.event, name="Second", venue="Attic", price="31.00")
    first = entries(world.event, name="First", venue="Garden")
    assert world.at("manager").post(page(world.event), first).status_code == 302
    before = stored(world.event)
    client = world.at("owner")
    response = client.post(page(world.event), form)
    assert response.status_code == 200
    content = text(response)
    assert WARNING in content
    differences = response.context["adminform"].form.differences
    assert [(row.label, row.stored, row.mine) for row in differences] == [
        ("Name", "First", "Second"),
        ("Venue", "Garden", "Attic"),
        ("Price of a seat", "20.00", "31.00"),
    ]
    for words in ("Stored now", "Your entry", "First", "Garden"):
        assert words in content
    assert f"Last changed by {world.people['manager'].name}," in content
    assert 'value="Second"' in content
    assert 'value="Attic"' in content
    assert stored(world.event) == before


def test_having_seen_both_versions_a_second_save_writes(world: World) -> None:
    form = entries(world.event, name="Second")
    world.at("manager").post(page(world.event), entries(world.event, name="First"))
    client = world.at("owner")
    response = client.post(page(world.event), form)
    seen = response.context["adminform"].form["seen_version"].value()
    assert f'name="seen_version" value="{seen}"' in text(response)
    assert client.post(page(world.event), form | {"seen_version": seen}).status_code == 302
    assert stored(world.event)["name"] == "Second"
    assert [change[1:3] for change in history_of(world.event) if change[0] == "name"] == [
        ("Late Jazz", "First"),
        ("First", "Second"),
    ]


def test_a_third_editor_in_between_is_told_of_again(world: World) -> None:
    form = entries(world.event, name="Second")
    world.at("manager").post(page(world.event), entries(world.event, name="First"))
    client = world.at("owner")
    seen = client.post(page(world.event), form).context["adminform"].form["seen_version"].value()
    world.event.refresh_from_db()
    world.at("staff").post(page(world.event), entries(world.event, name="Third"))
    response = client.post(page(world.event), form | {"seen_version": seen})
    assert WARNING in text(response)
    assert stored(world.event)["name"] == "Third"


def test_a_script_in_either_version_stays_text(world: World) -> None:
    script = "<script>alert('{}')</script>"
    form = entries(world.event, name=script.format("mine"))
    first = entries(world.event, name=script.format("theirs"))
    world.at("manager").post(page(world.event), first)
    content = text(world.at("owner").post(page(world.event), form))
    assert "<script>alert(" not in content
    assert content.count("&lt;script&gt;alert(") >= 2


def test_a_sale_meanwhile_is_no_other_editor(world: World) -> None:
    form = entries(world.event, name="Renamed")
    make_booking(world.event)
    world.at("owner").post(page(world.event), form)
    assert stored(world.event)["name"] == "Renamed"


@pytest.mark.parametrize("version", ["", "0", "999"])
def test_a_form_without_a_true_version_is_refused(world: World, version: str) -> None:
    before = stored(world.event)
    form = entries(world.event, name="Blind", seen_version=version)
    assert WARNING in text(world.at("owner").post(page(world.event), form))
    assert stored(world.event) == before


def test_a_version_that_is_no_number_saves_nothing(world: World) -> None:
    before = stored(world.event)
    form = entries(world.event, name="Blind", seen_version="x")
    response = world.at("owner").post(page(world.event), form)
    assert response.status_code == 200
    assert "seen_version" in response.context["adminform"].form.errors
    assert stored(world.event) == before


def test_an_event_that_was_cancelled_meanwhile_is_not_brought_back(world: World) -> None:
    form = entries(world.event, name="Late")
    world.at("manager").post(page(world.event, "cancel"))
    before = stored(world.event)
    assert before["status"] == "cancelled"
    assert world.at("owner").post(page(world.event), form).status_code == 403
    assert stored(world.event) == before
