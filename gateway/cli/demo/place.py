"""The place of a demonstration, its folder, database and ports; filling it and serving it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gateway.app import build_services, opened
from gateway.cli.database import migrate_database
from gateway.cli.demo.content import ROOT, fill, list_people, new_password, partner_config
from gateway.cli.demo.folder import Folder, write_private
from gateway.cli.demo.processes import Children
from gateway.cli.terminal import CommandFault, progress_bar
from gateway.kit.clock import DAY, system_clock
from gateway.kit.secrets.key_ring import new_key_ring, write_key_ring
from gateway.kit.settings import Settings, environment_of, read_settings
from gateway.store.engine.probes import look_at, move_schema

ON_A_LEASH = ("-m", "gateway.cli.demo.leash")
ADMIN = "priya.nair@platform.example"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a demonstration runs.

    Attributes:
        database_url: empty for the embedded database in the folder.
    """

    folder: Folder
    port: int
    partner_port: int
    database_url: str = ""

    @property
    def issuer(self) -> str:
        """The gateway's address."""
        return f"http://localhost:{self.port}"

    @property
    def partner_app(self) -> str:
        """The sample partner's address."""
        return f"http://localhost:{self.partner_port}"

    @property
    def settings(self) -> Settings:
        """Settings of the demonstration, which touch no other installation on this machine."""
        return read_settings(
            issuer=self.issuer,
            environment="development",
            data_dir=self.folder.path,
            database_url=self.database_url or f"sqlite:///{self.folder / 'gateway.db'}",
            key_ring=self.folder / "key-ring.json",
            smtp_url="",
            # This domain does not exist, so private addresses are shown, but no mail comes through them.
            relay_domain="relay.localhost",
            show_inbox=True,
            # Its people have passwords from demo.json, so the second factor can wait longer than elsewhere.
            factor_grace=30 * DAY,
        )

    def prepare(self, *, reset: bool = False) -> dict[str, Any]:
        """Fill folder and database, or bring what is there up to date; give what `demo.json` says.

        It can be interrupted anywhere and begun again: `demo.json` is written before anything that needs it.
        """
        if reset:
            self._reset()
        self.folder.make()
        settings = self.settings
        known = self.folder.read() or self._begin(settings)
        if known["database"] != settings.database:
            raise CommandFault(
                f"{self.folder.path} belongs to a demonstration over another database. "
                "Use --reset to begin anew, or choose another folder with --data."
            )
        known |= {"issuer": self.issuer, "partner_app": self.partner_app}
        self.folder.write(known)
        migrate_database(settings)
        facts = asyncio.run(self._fill(settings, known))
        self.folder.write(facts)
        write_private(self.folder / "partner.json", partner_config(facts))
        return facts

    def _reset(self) -> None:
        known = self.folder.read()
        if known and known["database"].startswith("postgresql:"):
            asyncio.run(move_schema(known["database"], None, down=True))
        if known:
            self.folder.clear()

    def _begin(self, settings: Settings) -> dict[str, Any]:
        """Begin a new demonstration, in an empty database only."""
        people = list(list_people(system_clock()))
        if asyncio.run(look_at(settings.database)).revision is not None:
            raise CommandFault(
                "this database holds something that no demonstration here made. "
                "Choose an empty one with --database-url, or another folder with --data."
            )
        write_key_ring(settings.key_ring_path, new_key_ring())
        listed = [
            {"login": each.login, "password": new_password(), "role": each.role, "age_band": each.age_band}
            for each in people
        ]
        admin = next(each for each in listed if each["login"] == ADMIN)
        return {
            "issuer": "",
            "partner_app": "",
            "clients": [],
            "people": listed,
            "admin": {"login": ADMIN, "password": admin["password"]},
            "database": settings.database,
            "filled": False,
        }

    async def _fill(self, settings: Settings, known: dict[str, Any]) -> dict[str, Any]:
        # A hundred passwords are hashed here on every core, while nobody else waits for a core.
        busy = settings.model_copy(update={"password_workers": os.cpu_count() or 1, "password_queue": 10_000})
        async with opened(build_services(busy)) as services:
            with progress_bar("making people") as progress:
                return await fill(services, self.folder, known, self.partner_app, progress)

    @contextmanager
    def running(self) -> Iterator[Children]:
        """Run gateway and sample partner, each in its own process, until the block ends."""
        folder, config = self.folder, str(self.folder / "partner.json")
        with Children(ROOT) as children:
            serve = [*ON_A_LEASH, "gateway", "serve", "--port", str(self.port)]
            gateway = children.start("gateway", folder / "gateway.log", serve, environment_of(self.settings))
            sample = [*ON_A_LEASH, "deploy.sample_partner", "--config", config]
            partner = children.start("sample partner", folder / "partner.log", sample)
            children.wait_for(gateway, f"{self.issuer}/ready")
            children.wait_for(partner, f"{self.partner_app}/healthz")
            yield children
