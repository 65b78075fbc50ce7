"""``consent-gateway keys``: the key ring, signing keys, master keys."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any

import typer

from gateway.actions.oauth.keys import drop_retired_signing_keys, rotate_log_key, rotate_signing_keys
from gateway.actions.operation.masters import (
    announce_master,
    drop_unused_masters,
    rewrap_person_keys,
    use_newest_master,
)
from gateway.actions.services import Services
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    acting_name,
    done,
    out,
    print_json,
    print_table,
    progress_bar,
    say,
    time_words,
    with_services,
)
from gateway.kit.secrets.key_ring import RESTORE, KeyRing, new_key_ring, number_of, write_key_ring
from gateway.kit.settings import read_settings
from gateway.model.registry import SigningKey
from gateway.store.accounts.profile_edits import count_person_keys
from gateway.store.engine.probes import is_anything_sealed
from gateway.store.engine.revision import DatabaseDown

app = typer.Typer(help="Key ring, signing keys and master keys.", no_args_is_help=True)
NEXT = (
    "Gateways on this machine read it by themselves. Copy the ring to every other machine, then run "
    "'consent-gateway keys rewrap': it waits until every gateway knows the key before anything is sealed with it."
)


@app.command()
def create() -> None:
    """Make the key ring. Keep a copy in a safe place: without it every stored value is lost."""
    settings = read_settings()
    path = settings.key_ring_path
    if path.exists():
        raise CommandFault(
            f"there is a key ring at {path} already; a new one would not open what that one sealed."
        )
    # If the database does not answer, every later command checks it, and none works under the wrong ring.
    with suppress(DatabaseDown):
        if asyncio.run(is_anything_sealed(settings.database)):
            raise CommandFault(f"the database holds what another key ring has sealed. {RESTORE}")
    write_key_ring(path, new_key_ring())
    done(f"made {path}, which only you can read. Keep a copy in a safe place.")
    out.print("Next: consent-gateway migrate; consent-gateway keys rotate --signing")


@app.command()
def rotate(
    signing: Annotated[
        bool, typer.Option("--signing", help="New keys for ID tokens, one for each algorithm.")
    ] = False,
    master: Annotated[
        bool,
        typer.Option(
            "--master", help="Announce a new master key; nothing is sealed with it before 'keys rewrap'."
        ),
    ] = False,
    log: Annotated[bool, typer.Option("--log", help="A new key for the hand-off log's checkpoints.")] = False,
    rewrap_now: Annotated[
        bool,
        typer.Option("--rewrap", help="With --master: wait until every gateway knows it, then rewrap."),
    ] = False,
) -> None:
    """Rotate the signing keys, the log's key, the master key, or all of them. No gateway needs a restart.

    --master only announces a key: running gateways read it from the ring's file. 'keys rewrap' waits for all of them,
    then seals with it.
    """
    if not signing and not master and not log:
        raise typer.BadParameter("say at least one of --signing, --log, --master")
    if signing:
        keys = with_services(lambda services: rotate_signing_keys(services, acting_name()))
        names = " and ".join(f"{key.kid} ({key.alg})" for key in keys)
        done(f"{names} sign from the next request on; the keys before them still verify")
    if log:
        key = with_services(lambda services: rotate_log_key(services, acting_name()))
        done(
            f"{key.kid} signs the next checkpoint; publish its line of /log/keys. Older checkpoints keep theirs"
        )
    if master:
        path = read_settings().key_ring_path
        done(f"{announce_master(path).newest} is announced in {path}. Keep a copy of the ring.")
        if rewrap_now:
            rewrap()
        else:
            out.print(NEXT, soft_wrap=True)


@app.command()
def rewrap() -> None:
    """Seal with the newest master key, and wrap every person's key under it. It may be interrupted and run again.

    Nothing is sealed before every running gateway has read the key from its ring's file.
    """
    with progress_bar("rewrapping people's keys") as progress:

        async def work(services: Services) -> tuple[str, int]:
            ring = await use_newest_master(services, services.settings.key_ring_path, say)
            return ring.current, await rewrap_person_keys(services, acting_name(), progress)

        current, count = with_services(work)
    done(
        f"{current} is the current master key; {count} keys wrapped anew. Copy the ring to every other machine"
    )
    out.print("Once that is done, 'consent-gateway keys prune' drops the old master keys.", soft_wrap=True)


@app.command()
def prune() -> None:
    """Drop master keys that wrap nothing any more, and retired signing keys whose grace is over."""

    async def work(services: Services) -> tuple[list[str], int]:
        masters = await drop_unused_masters(services, services.settings.key_ring_path, say)
        return masters, await drop_retired_signing_keys(services, acting_name())

    masters, signing = with_services(work)
    done(f"dropped {len(masters)} master key(s) ({', '.join(masters) or 'none'}), {signing} signing key(s)")


@app.command("list")
def list_keys(as_json: Annotated[bool, JSON] = False) -> None:
    """List master keys with how much each wraps, and signing keys. No key is shown."""
    listed = with_services(_list)
    if as_json:
        print_json(listed)
        return
    print_table(
        "Master keys",
        ("id", "state", "person keys"),
        [(each["id"], each["state"], each["person_keys"]) for each in listed["masters"]],
    )
    print_table(
        "Signing keys",
        ("kid", "alg", "made (UTC)", "retired (UTC)"),
        [
            (each["kid"], each["alg"], time_words(each["created_at"]), time_words(each["retired_at"]))
            for each in (*listed["signing"], *listed["log"])
        ],
    )


async def _list(services: Services) -> dict[str, list[dict[str, Any]]]:
    counts = await services.store.read(count_person_keys, None)
    ring = services.seal.ring
    return {
        "masters": [
            {
                "id": name,
                "state": _state(name, ring),
                "person_keys": counts.get(name, 0),
            }
            for name in ring.masters
        ],
        "signing": [_line(key) for key in services.registry.signing_keys],
        "log": [_line(key) for key in services.registry.log_keys],
    }


def _state(name: str, ring: KeyRing) -> str:
    if name == ring.current:
        return "current"
    return "announced" if number_of(name) > number_of(ring.current) else "old"


def _line(key: SigningKey) -> dict[str, Any]:
    return {"kid": key.kid, "alg": key.alg, "created_at": key.created_at, "retired_at": key.retired_at}
