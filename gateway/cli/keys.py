"""``consent-gateway keys``: the key ring, signing keys, master keys."""

import asyncio
from typing import Annotated, Any

import typer

from gateway.actions.keys import (
    drop_retired_signing_keys,
    rewrap_person_keys,
    rotate_log_key,
    rotate_signing_keys,
    unused_masters,
)
from gateway.actions.services import Services
from gateway.cli.terminal import (
    ACTOR,
    JSON,
    Fault,
    done,
    open_services,
    out,
    print_json,
    print_table,
    progress_bar,
    time_words,
    with_services,
)
from gateway.kit.key_ring import new_key_ring, read_key_ring, write_key_ring
from gateway.kit.settings import read_settings
from gateway.model.registry import SigningKey
from gateway.store.probes import count_person_keys

app = typer.Typer(help="Key ring, signing keys and master keys.", no_args_is_help=True)
RESTART = "Restart every gateway now, then run 'consent-gateway keys rewrap'."


@app.command()
def create() -> None:
    """Make the key ring. Keep a copy in a safe place: without it every stored value is lost."""
    path = read_settings().key_ring_path
    if path.exists():
        raise Fault(f"there is a key ring at {path} already; a new one would not open what that one sealed.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_key_ring(path, new_key_ring())
    done(f"made {path}, which only you can read. Keep a copy in a safe place.")
    out.print("Next: consent-gateway migrate; consent-gateway keys rotate --signing")


@app.command()
def rotate(
    signing: Annotated[
        bool, typer.Option("--signing", help="New keys for ID tokens, one for each algorithm.")
    ] = False,
    master: Annotated[
        bool, typer.Option("--master", help="A new master key in the ring; the old ones stay until pruned.")
    ] = False,
    log: Annotated[bool, typer.Option("--log", help="A new key for the hand-off log's checkpoints.")] = False,
    rewrap_now: Annotated[
        bool,
        typer.Option("--rewrap", help="With --master: rewrap at once. Only while no gateway is running."),
    ] = False,
) -> None:
    """Rotate the signing keys, the log's key, the master key, or all of them.

    A running gateway has read the ring when it started: it cannot open what a newer master key wraps. So
    --master only adds the key; people's keys move to it by 'keys rewrap' after a restart.
    """
    if not signing and not master and not log:
        raise typer.BadParameter("say at least one of --signing, --log, --master")
    if signing:
        keys = with_services(lambda services: rotate_signing_keys(services, ACTOR))
        names = " and ".join(f"{key.kid} ({key.alg})" for key in keys)
        done(f"{names} sign from the next request on; the keys before them still verify")
    if log:
        key = with_services(lambda services: rotate_log_key(services, ACTOR))
        done(
            f"{key.kid} signs the next checkpoint; publish its line of /log/keys. Older checkpoints keep theirs"
        )
    if master:
        path = read_settings().key_ring_path
        ring = read_key_ring(path).rotated()
        write_key_ring(path, ring)
        done(f"{ring.current} is the current master key of {path}. Keep a copy of the ring.")
        if not rewrap_now:
            out.print(RESTART)
            return
        rewrap()


@app.command()
def rewrap() -> None:
    """Wrap every person's key under the current master key. It may be interrupted and run again."""
    with progress_bar("rewrapping people's keys") as progress:
        count = with_services(lambda services: rewrap_person_keys(services, ACTOR, progress))
    done(f"{count} keys wrapped anew; 'consent-gateway keys prune' drops the old master keys")


@app.command()
def prune() -> None:
    """Drop master keys that wrap nothing any more, and retired signing keys whose grace is over."""

    async def work() -> tuple[list[str], int]:
        async with open_services() as services:
            unused = await unused_masters(services)
            ring = services.seal.ring
            for name in unused:
                ring = ring.without(name)
            if unused:
                write_key_ring(services.settings.key_ring_path, ring)
            return unused, await drop_retired_signing_keys(services, ACTOR)

    masters, signing = asyncio.run(work())
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
                "state": "current" if name == ring.current else "old",
                "person_keys": counts.get(name, 0),
            }
            for name in ring.masters
        ],
        "signing": [_line(key) for key in services.registry.signing_keys],
        "log": [_line(key) for key in services.registry.log_keys],
    }


def _line(key: SigningKey) -> dict[str, Any]:
    return {"kid": key.kid, "alg": key.alg, "created_at": key.created_at, "retired_at": key.retired_at}
