"""``consent-gateway doctor``: every control, one a line."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from gateway.cli.controls import CHECKS, Control, Severity, check_controls
from gateway.cli.terminal import JSON, out, print_json
from gateway.kit.settings import read_settings


def doctor(
    as_json: Annotated[bool, JSON] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Status 1 also when a control that is only advised does not hold."),
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/doctor.md: every control, without looking at any.")
    ] = False,
) -> None:
    """Check every control that the safety of people's data depends on; status 1 when a required one is missing."""
    if markdown:
        typer.echo("\n".join(doctor_page()))
        return
    settings = read_settings()
    controls = asyncio.run(check_controls(settings))
    missing = sum(control.is_missing for control in controls)
    advised = sum(not control.ok for control in controls) - missing
    if as_json:
        print_json(
            {
                "ok": not missing,
                "environment": settings.environment,
                "missing": missing,
                "advised": advised,
                "controls": [control.as_json() for control in controls],
            }
        )
    else:
        _print(controls)
        words = f"{len(controls)} controls, {missing} missing, {advised} to look at"
        out.print(f"\n{words} ({settings.environment}).")
    raise typer.Exit(int(bool(missing or (strict and advised))))


def _print(controls: list[Control]) -> None:
    width = max(len(control.name) for control in controls)
    for control in controls:
        out.print(
            f"{_mark(control)} [bold]{control.name:<{width}}[/]  {escape(control.detail)}", soft_wrap=True
        )
        if control.remedy:
            out.print(f"  {' ' * width}  → {escape(control.remedy)}", soft_wrap=True)


def _mark(control: Control) -> str:
    if control.ok:
        return "[green]✓[/]"
    return "[bold red]✗[/]" if control.severity is Severity.REQUIRED else "[bold yellow]![/]"


def doctor_page() -> Iterator[str]:
    """Write docs/doctor.md."""
    yield from _HEAD.splitlines()
    for each in CHECKS:
        yield f"| `{each.id}` | {each.name} | {each.about} | {each.severity} | {each.needs} |"


_HEAD = """\
# What the doctor looks at

`consent-gateway doctor` looks at all of these controls at the same time, and says what it found and what to do. None
takes longer than 20 seconds, whatever hangs.

- **required** (✗): status 1, and in production `serve` refuses to start.
- **advised** (!): status 0, and `serve` says so when it starts; with `--strict` status 1.

`--json` prints one document: `ok` (no required control is missing), `environment`, the numbers `missing` and
`advised`, and `controls`, each with its `id`, `name`, `severity`, `ok`, `detail` and `remedy`. An id stays the same
from version to version; words may change. What needs a database, or services (a database with the newest schema, and
a key ring), is left out while there is none: then that is what is missing.

`consent-gateway doctor --markdown > docs/doctor.md` writes this page; a test compares it with the code.

| id | name | what holds | severity | needs |
| --- | --- | --- | --- | --- |"""
