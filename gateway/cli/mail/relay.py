"""``consent-gateway relay``: take mail for people's private addresses and hand it on while their consent stands."""

import asyncio
import signal
from typing import Annotated

import typer

from gateway.app import build_services, mailing, opened, present
from gateway.cli.serve import check_port, check_seals
from gateway.cli.terminal import CommandFault, done
from gateway.kit.settings import Settings, read_settings
from gateway.store.engine.revision import check_schema
from gateway.web.mail.relay import open_door


def relay(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 2525,
) -> None:
    """Run the mail relay of the private addresses (RFC 5321). SIGTERM and Ctrl-C end it; nothing taken is lost.

    Set the domain's mail server up to pass on to it all mail for CONSENT_GATEWAY_RELAY_DOMAIN.
    """
    settings = read_settings()
    if not settings.relay_domain:
        raise CommandFault("CONSENT_GATEWAY_RELAY_DOMAIN is not set: there are no private addresses.")
    asyncio.run(check_schema(settings.database))
    asyncio.run(check_seals(settings))
    check_port(host, port, "--port")
    asyncio.run(_run(settings, host, port))


async def _run(settings: Settings, host: str, port: int) -> None:
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    async with opened(build_services(settings)) as services, mailing(services), present(services):
        server = await open_door(services, host, port)
        done(f"relay of {settings.relay_domain} on {host}:{port}")
        await ended.wait()
        server.close()
