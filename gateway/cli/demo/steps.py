"""A walk in steps, each with a mark, a time, and what it found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
from rich.markup import escape

from gateway.cli.terminal import out, words_for
from gateway.kit.clock import stopwatch


@dataclass(slots=True)
class Step:
    """One step of a walk."""

    name: str
    ok: bool = False
    seconds: float = 0.0
    detail: str = ""


class Unexpected(Exception):
    """A step had another result than it should; the text says what was expected and what came."""


def expect(what: str, expected: object, found: object) -> None:
    """Make sure that something is as it should be.

    Raises:
        Unexpected: it is not.
    """
    if expected != found:
        raise Unexpected(f"{what}: expected {expected!r}, found {found!r}")


class WalkEnded(Exception):
    """A step failed, and the steps after it depend on it."""


@dataclass(slots=True)
class Walk:
    """Steps done so far.

    Attributes:
        is_silent: nothing is printed while walking.
    """

    is_silent: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return all(step.ok for step in self.steps)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Do one step; its block sets the detail.

        Raises:
            WalkEnded: the step failed.
        """
        step = Step(name)
        self.steps.append(step)
        began = stopwatch()
        try:
            yield step
        except (Unexpected, LookupError) as error:
            step.detail = str(error)
            raise WalkEnded from None
        except httpx2.HTTPError as error:
            step.detail = f"no usable answer ({error.__class__.__name__}: {error})"
            raise WalkEnded from None
        except Exception as error:
            step.detail = words_for(error)
            raise WalkEnded from None
        else:
            step.ok = True
        finally:
            step.seconds = round(stopwatch() - began, 3)
            self._print(step)

    def _print(self, step: Step) -> None:
        if not self.is_silent:
            mark = "[green]✓[/]" if step.ok else "[bold red]✗[/]"
            out.print(f"{mark} {escape(step.name)} [dim]{step.seconds:.2f} s[/]", soft_wrap=True)
            if step.detail:
                out.print(f"    [dim]{escape(step.detail)}[/]", soft_wrap=True)
