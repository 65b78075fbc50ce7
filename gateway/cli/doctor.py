"""``consent-gateway doctor``: every control, one a line."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from gateway.cli.controls import check_controls
from gateway.cli.terminal import JSON, out, print_json
from gateway.kit.settings import read_settings


def doctor(as_json: Annotated[bool, JSON] = False) -> None:
    """Check every control that the safety of people's data stands on; status 1 when one is missing."""
    settings = read_settings()
    controls = asyncio.run(check_controls(settings))
    ok = all(control.ok for control in controls)
    if as_json:
        print_json(
            {
                "ok": ok,
                "environment": settings.environment,
                "controls": [asdict(control) for control in controls],
            }
        )
        raise typer.Exit(not ok)
    width = max(len(control.name) for control in controls)
    for control in controls:
        mark = "[green]✓[/]" if control.ok else "[bold red]✗[/]"
        out.print(f"{mark} [bold]{control.name:<{width}}[/]  {escape(control.detail)}", soft_wrap=True)
        if control.remedy:
            out.print(f"  {' ' * width}  → {escape(control.remedy)}", soft_wrap=True)
    failed = sum(not control.ok for control in controls)
    out.print(f"\n{len(controls)} controls, {failed} missing ({settings.environment}).")
    raise typer.Exit(not ok)
