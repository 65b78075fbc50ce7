"""What an administrator does is committed with its record or not at all."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from gateway.actions.accounts.invitations import invite_again
from gateway.actions.administration.organisations import add_organisation, set_zone
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.oauth.keys import drop_retired_signing_keys, rotate_log_key, rotate_signing_keys
from tests.gateway.store.samples import rows
from tests.world import World

LIST = b"organisation,role,email,name\nlakeside,professor,new@lakeside.example,New Person\n"

ACTS: dict[str, Callable[[World, str], Coroutine[Any, Any, Any]]] = {
    "rotate_signing_key": lambda world, person: rotate_signing_keys(world.services, "cli"),
    "rotate_log_key": lambda world, person: rotate_log_key(world.services, "cli"),
    "drop_signing_keys": lambda world, person: drop_retired_signing_keys(world.services, "cli"),
    "add_organisation": lambda world, person: add_organisation(world.services, "hillside", "Hillside", "US"),
    "set_zone": lambda world, person: set_zone(world.services, "lakeside", "America/Los_Angeles"),
    "invite_again": lambda world, person: invite_again(world.services, person, "cli"),
}


def invited(world: World) -> str:
    return str(rows(world, "SELECT person_id FROM person WHERE state = 'invited'")[0][0])


def state(world: World) -> list[Any]:
    return [
        sorted(rows(world, "SELECT kid, retired_at FROM signing_key"), key=str),
        rows(world, "SELECT count(*), max(timezone) FROM organisation"),
        rows(world, "SELECT count(*) FROM invitation"),
        rows(world, "SELECT count(*) FROM admin_action"),
    ]


@pytest.mark.parametrize("name", ACTS)
def test_an_act_whose_record_cannot_be_written_did_not_happen(
    each_world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between the two, or a person who makes it die, leaves neither of them."""
    assert each_world.run(import_people, each_world.services, LIST, Importer("cli")).created
    each_world.run(rotate_signing_keys, each_world.services, "cli")
    each_world.clock.pass_by(each_world.services.settings.retired_key_ttl + 1)

    person = invited(each_world)

    async def act() -> Any:
        return await ACTS[name](each_world, person)

    before = state(each_world)
    with monkeypatch.context() as patch:

        def dies(*_: object) -> None:
            raise RuntimeError("no record")

        patch.setattr("gateway.store.admin_actions.append_actions", dies)
        with pytest.raises(RuntimeError, match="no record"):
            each_world.run(act)
    assert state(each_world) == before
    each_world.run(act)
    assert rows(each_world, "SELECT action FROM admin_action").count((name,)) >= 1
    assert state(each_world) != before
    acted = state(each_world)[-1]
    if name in ("add_organisation", "set_zone"):
        each_world.run(act)
        assert state(each_world)[-1] == acted
