"""The demonstration's folder: its files, and `demo.json`, the only place that holds its passwords."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.terminal import CommandFault

MADE = (
    "demo.json",
    "gateway.db",
    "gateway.db-wal",
    "gateway.db-shm",
    "key-ring.json",
    "partner.json",
    "gateway.log",
    "partner.log",
)
"""Files that the demonstration makes, besides key files (``*.private.jwks.json``) and mail (``mail/*.eml``)."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is, or becomes, a demonstration's."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        """Name a file in it."""
        return self.path / name

    def make(self) -> None:
        """Make the folder; only its owner gets in."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CommandFault(
                f"{self.path} cannot be made ({error.strerror}). Choose another with --data."
            ) from None

    def read(self) -> dict[str, Any]:
        """Read `demo.json`; empty when there is none."""
        try:
            found = json.loads((self / "demo.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CommandFault(
                f"{self / 'demo.json'} cannot be read ({error.__class__.__name__}). Use --reset."
            ) from None
        if not isinstance(found, dict) or "database" not in found:
            raise CommandFault(
                f"{self / 'demo.json'} is not a demonstration's. Choose another folder with --data."
            )
        return found

    def write(self, content: Mapping[str, Any]) -> None:
        """Write `demo.json`, readable by its owner only."""
        write_private(self / "demo.json", content)

    def clear(self) -> None:
        """Delete what the demonstration made, and nothing else."""
        made = [self / name for name in MADE]
        made += [*self.path.glob("*.private.jwks.json"), *self.path.glob("mail/*.eml")]
        for file in made:
            file.unlink(missing_ok=True)
        for folder in (self / "mail", self.path):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that only its owner can read; the old file stays whole until the new one is complete."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
    fresh.replace(path)
