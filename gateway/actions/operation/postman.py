"""The postman: empties the mail's outbox in the background, tries again later when a server refuses.

A letter that was sent when this process died is sent again: twice is better than never.
"""

import asyncio

from gateway.actions.accounts.news import news_letters
from gateway.actions.authentication.recovery import recovery_letters
from gateway.actions.consent.brake_letters import brake_letters
from gateway.actions.consent.receipt_letters import receipt_letters
from gateway.actions.consent.reminders import reminder_letters
from gateway.actions.contacts.letters import contact_letters
from gateway.actions.grants.hold_letters import held_letters, put_letters, used_up_letters
from gateway.actions.letters import open_letter
from gateway.actions.mail.relay import RELAYED, hand_on
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.kit.mail import Letter
from gateway.model.nodes import Work
from gateway.store.accounts.mail_links import RECOVERY
from gateway.store.letters import (
    BRAKED,
    CONTACT,
    HELD,
    HOLDING,
    NEWS,
    RECEIPT,
    REMINDER,
    USED_UP,
    LetterSettlement,
    Pickup,
    WaitingLetter,
    settle_letters,
    take_letters,
)

LEASE = 120
BATCH = 20
FIRST_WAIT = 30
LONGEST_WAIT = 4 * 3600
MOST_ATTEMPTS = 12


class Postman:
    """One node's postman; among all nodes each letter is one's at a time."""

    def __init__(self, services: Services) -> None:
        """Take the services."""
        self._services = services

    async def run(self) -> None:
        """Take turns until cancelled. Whatever goes wrong is said, and the next turn tries again."""
        while True:
            try:
                await self.turn()
                self._services.background_work.did(Work.MAIL, self._services.clock())
            except Exception as error:
                log().error("postman_failed", error=error)
            await asyncio.sleep(self._services.settings.mail_interval)

    async def turn(self) -> None:
        """Send everything that is due."""
        services = self._services
        while True:
            pickup = Pickup(services.clock(), LEASE, BATCH)
            waiting = await services.store.run(take_letters, pickup)
            if not waiting:
                return
            settlements = await asyncio.gather(*map(self._deliver, waiting))
            await services.store.run_all(settle_letters, settlements)

    async def _deliver(self, waiting: WaitingLetter) -> LetterSettlement:
        try:
            if waiting.kind == RELAYED:
                await hand_on(self._services, open_letter(self._services, waiting))
                return LetterSettlement(waiting.letter_id, is_sent=True)
            if waiting.kind == HOLDING:
                await put_letters(self._services, open_letter(self._services, waiting))
                return LetterSettlement(waiting.letter_id, is_sent=True)
            for letter in await self._letters(waiting):
                await self._services.mailer.send(letter)
        except Exception as error:
            return self._again(waiting, error)
        return LetterSettlement(waiting.letter_id, is_sent=True)

    async def _letters(self, waiting: WaitingLetter) -> list[Letter]:
        if waiting.kind == RECEIPT:
            return await receipt_letters(self._services, waiting.letter_id)
        if waiting.kind == REMINDER:
            return await reminder_letters(self._services, waiting.letter_id)
        if waiting.kind == CONTACT:
            return await contact_letters(self._services, waiting.letter_id)
        if waiting.kind == USED_UP:
            return await used_up_letters(self._services, waiting.letter_id)
        content = open_letter(self._services, waiting)
        if waiting.kind == HELD:
            return await held_letters(self._services, content["grant_id"])
        if waiting.kind == BRAKED:
            return await brake_letters(self._services, content["partner_id"])
        if waiting.kind == RECOVERY:
            return await recovery_letters(self._services, content)
        if waiting.kind == NEWS:
            return await news_letters(self._services, content)
        return [Letter(content["to"], content["subject"], content["text"])]

    def _again(self, waiting: WaitingLetter, error: Exception) -> LetterSettlement:
        # A database that does not answer is no answer to the letter: it may not be given up for that.
        is_outage = isinstance(error, Refusal) and error.code == "temporarily_unavailable"
        if waiting.attempts >= MOST_ATTEMPTS and not is_outage:
            log().error("letter_given_up", letter=waiting.letter_id, kind=waiting.kind, error=error)
            return LetterSettlement(waiting.letter_id)
        log().warning("letter_waits", letter=waiting.letter_id, kind=waiting.kind, error=error)
        wait = min(FIRST_WAIT * 2 ** (waiting.attempts - 1), LONGEST_WAIT)
        return LetterSettlement(waiting.letter_id, next_at=self._services.clock() + wait)
