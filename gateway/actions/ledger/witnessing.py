"""Asking the configured witnesses to cosign: in the background, so that no witness holds up the log."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2

from gateway.actions.services import Services
from gateway.kit.logs import log
from gateway.ledger.merkle import consistency_ranges
from gateway.ledger.notes import NoteError, NoteKey, check_note, parse_key
from gateway.ledger.tiles import hashes_of, keys_of
from gateway.ledger.witness import Addition
from gateway.store.ledger.tree import SignedCheckpoint, load_last_checkpoints, load_tiles
from gateway.store.ledger.witness import Cosignature, keep_cosignatures, load_cosigned_sizes

PATIENCE = 5.0
"""Seconds that a witness has."""
MOST_BYTES = 10_000
"""Of an answer: no witness fills our memory."""


@dataclass(frozen=True, slots=True)
class AskedWitness:
    """A witness that is asked: its key, and where it listens."""

    key: NoteKey
    url: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str


def asked_witnesses(words: Sequence[str]) -> list[AskedWitness]:
    """Read the setting: verifier key, a space, address.

    Raises:
        NoteError: a key is none.
    """
    pairs = [each.split(" ") for each in words]
    return [AskedWitness(parse_key(key), url.rstrip("/")) for key, url in pairs]


class Witnessing:
    """One node's questions to witnesses; where two nodes ask for the same, one line is kept."""

    def __init__(
        self,
        services: Services,
        witnesses: Sequence[AskedWitness],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Take the witnesses."""
        self._services = services
        self._witnesses = witnesses
        self._transport = transport
        self._refused: dict[str, int] = {}

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception as error:
                log().error("witnessing_failed", error=error)
            await asyncio.sleep(self._services.settings.sequencer_interval)

    async def turn(self) -> None:
        """Ask every witness that has not cosigned the newest checkpoint."""
        signed = await self._services.store.read(load_last_checkpoints, None)
        if signed is None:
            return
        async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False, transport=self._transport) as client:
            await asyncio.gather(*(self._ask(client, each, signed) for each in self._witnesses))

    async def _ask(self, client: httpx2.AsyncClient, witness: AskedWitness, signed: SignedCheckpoint) -> None:
        services, name = self._services, witness.key.name
        old = await services.store.read(load_cosigned_sizes, str(witness.key))
        if old >= signed.size or self._refused.get(name) == signed.size:
            return
        try:
            answer = await self._post(client, witness, old, signed)
            known = _other_size(answer)
            if known is not None and known <= signed.size:
                # It has cosigned a size that we do not know of: an answer was lost, or another node asked.
                answer = await self._post(client, witness, known, signed)
        except httpx2.HTTPError as error:
            log().warning("witness_silent", witness=name, error=error)
            return
        if answer.status != 200:
            # It holds a larger log than ours, or another one, so somebody has to look. It is asked again later.
            self._refused[name] = signed.size
            log().critical("witness_refused", witness=name, status=answer.status, size=signed.size)
            return
        kept = _own_line(answer.text, witness.key, signed)
        if kept is None:
            log().error("witness_wrong", witness=name)
            return
        await services.store.run(keep_cosignatures, kept)

    async def _post(
        self, client: httpx2.AsyncClient, witness: AskedWitness, old: int, signed: SignedCheckpoint
    ) -> _Answer:
        ranges = consistency_ranges(old, signed.size) if old else []
        tiles = await self._services.store.read(load_tiles, keys_of(ranges))
        addition = Addition(old, tuple(hashes_of(tiles, ranges)), signed.note)
        content = b""
        async with client.stream("POST", f"{witness.url}/add-checkpoint", content=str(addition)) as answer:
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    break
        return _Answer(answer.status_code, content[:MOST_BYTES].decode(errors="replace"))


def _other_size(answer: _Answer) -> int | None:
    text = answer.text.removesuffix("\n")
    if answer.status != 409 or not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return int(text)


def _own_line(text: str, key: NoteKey, signed: SignedCheckpoint) -> Cosignature | None:
    """Find the line that is this witness's and holds; nothing else that it sent is served under our name."""
    for line in text.split("\n"):
        try:
            _, (signer,) = check_note(f"{signed.note}{line}\n", [key])
        except NoteError:
            continue
        return Cosignature(signed.size, str(key), f"{line}\n", signer.at or 0)
    return None
