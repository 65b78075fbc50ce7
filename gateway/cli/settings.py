"""``consent-gateway settings``: every setting with its present value and where that comes from."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from gateway.cli.terminal import JSON, out, print_json
from gateway.kit.settings import CONFIG_VARIABLE, Settings, read_settings
from gateway.kit.settings_report import report_settings


def settings(
    as_json: Annotated[bool, JSON] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/settings.md: descriptions and defaults.")
    ] = False,
) -> None:
    """Print every setting with its description, default, value and where the value comes from."""
    if markdown:
        typer.echo("\n".join(settings_page()))
        return
    reported = report_settings(read_settings())
    if as_json:
        print_json([asdict(each) for each in reported])
        return
    for each in reported:
        is_own = each.origin != "default"
        value = f"[green]{escape(each.value)}[/]" if is_own else escape(each.value)
        out.print(f"[bold]{each.name}[/] = {value}  [dim]({escape(each.origin)})[/]", soft_wrap=True)
        out.print(f"    {escape(each.description)}", soft_wrap=True)


def settings_page() -> Iterator[str]:
    """Write docs/settings.md."""
    yield "# Settings"
    yield ""
    yield "Read once at the start, from environment variables and from the TOML file that"
    yield f"`{CONFIG_VARIABLE}` names; the environment wins. In the file a setting has its bare name in lower case."
    yield "All faults are reported together. `consent-gateway settings` shows what is in force and where it comes from."
    yield ""
    yield "`consent-gateway settings --markdown > docs/settings.md` writes this page; a test compares it with the code."
    yield ""
    yield "| variable | meaning | default | limits |"
    yield "| --- | --- | --- | --- |"
    for each in report_settings(Settings.model_construct()):
        default = f"`{each.default}`" if each.default else "–"
        yield f"| `{each.variable}` | {each.description} | {default} | {each.limits or '–'} |"
