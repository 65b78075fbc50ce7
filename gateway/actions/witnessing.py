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
from gateway.store.log_tree import SignedCheckpoint, load_last_checkpoints, load_tiles
from gateway.store.log_witness import Cosignature, keep_cosignatures, load_cosigned_sizes

PATIENCE = 5.0
"""Seconds that a witness has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A witness that is asked: its key, and where it listens."""

    key: NoteKey
    url: str


def asked_witnesses(words: Sequence[str]) -> list[Asked]:
    """Read the setting: verifier key, a space, address.

    Raises:
        NoteError: a key is none.
    """
    pairs = [each.split(" ") for each in words]
    return [Asked(parse_key(key), url.rstrip("/")) for key, url in pairs]


class Witnessing:
    """One node's asking. Two nodes that ask for the same are answered twice, and one line is kept."""

    def __init__(
        self,
        services: Services,
        witnesses: Sequence[Asked],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Take the witnesses."""
        self._services = services
        self._witnesses = witnesses
        self._transport = transport

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

    async def _ask(self, client: httpx2.AsyncClient, witness: Asked, signed: SignedCheckpoint) -> None:
        services, name = self._services, witness.key.name
        old = await services.store.read(load_cosigned_sizes, str(witness.key))
        if old >= signed.size:
            return
        try:
            answer = await self._post(client, witness, old, signed)
            known = _other_size(answer)
            if known is not None and known <= signed.size:
                # It has cosigned what we have not heard of: an answer was lost, or another node asked.
                answer = await self._post(client, witness, known, signed)
        except httpx2.HTTPError as error:
            log().warning("witness_silent", witness=name, error=error)
            return
        if answer.status_code != 200:
            # It holds a larger log than ours, or another one: somebody has to look.
            log().critical("witness_refused", witness=name, status=answer.status_code, size=signed.size)
            return
        try:
            _, (signer,) = check_note(signed.note + answer.text, [witness.key])
        except NoteError as error:
            log().error("witness_wrong", witness=name, why=str(error))
            return
        kept = Cosignature(signed.size, str(witness.key), answer.text, signer.at or 0)
        await services.store.run(keep_cosignatures, kept)

    async def _post(
        self, client: httpx2.AsyncClient, witness: Asked, old: int, signed: SignedCheckpoint
    ) -> httpx2.Response:
        ranges = consistency_ranges(old, signed.size) if old else []
        tiles = await self._services.store.read(load_tiles, keys_of(ranges))
        addition = Addition(old, tuple(hashes_of(tiles, ranges)), signed.note)
        return await client.post(f"{witness.url}/add-checkpoint", content=str(addition))


def _other_size(answer: httpx2.Response) -> int | None:
    text = answer.text.removesuffix("\n")
    if answer.status_code != 409 or not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return int(text)
