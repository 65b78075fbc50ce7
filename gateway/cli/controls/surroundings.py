"""Controls of the settings and of this machine."""

import asyncio
import shutil
import stat
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

from gateway.cli.controls.control import Finding, Sight
from gateway.kit.addresses import Network

LEAST_SPACE = 1 << 30
MOST_ATTEMPTS = 20
"""Most wrong passwords in a row for one account, enough for a person who mistypes, but not for a machine."""
MOST_OF_AN_ADDRESS = 1000
LEAST_REFILL = 10
OWN_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Networks that cannot be reached from outside (RFC 1918, 6598, 4193)."""
METADATA: tuple[Network, ...] = (ip_network("169.254.0.0/16"), ip_network("fd00:ec2::/32"))
"""Addresses at which machines in a cloud learn their own secrets."""
WIDEST = {4: 16, 6: 32}
"""The shortest prefix of a public network by IP version, about the size that one company has."""


def data_folder(sight: Sight) -> Finding:
    """Check whether others can read the data folder."""
    folder = sight.settings.data_dir
    is_open = folder.exists() and bool(folder.stat().st_mode & 0o007)
    mode = f"{stat.S_IMODE(folder.stat().st_mode):04o}" if folder.exists() else "is not there yet"
    return Finding(not is_open, f"{folder} {mode}", f"chmod o-rwx {folder}")


async def free_space(sight: Sight) -> Finding:
    """Check the free space in the data folder and beside the embedded database."""
    folders = [sight.settings.data_dir]
    if sight.settings.database.startswith("sqlite"):
        folders.append(Path(sight.settings.database.removeprefix("sqlite:///")).parent)
    # A file system that hangs must not block the other controls.
    found = await asyncio.to_thread(lambda: [(_free_in(each), each) for each in folders])
    least, folder = min(found)
    return Finding(
        least >= LEAST_SPACE,
        f"{least / (1 << 30):.1f} GiB where {folder} is",
        "Make room, or move the data folder: without space no hand-off is written, so nothing is released.",
    )


def _free_in(folder: Path) -> int:
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def issuer(sight: Sight) -> Finding:
    """Check whether the public address is an https one."""
    is_https = sight.settings.issuer.startswith("https://")
    return Finding(
        is_https or not sight.settings.is_production,
        sight.settings.issuer,
        "Set CONSENT_GATEWAY_ISSUER to the public https address.",
    )


def mail(sight: Sight) -> Finding:
    """Check whether mail leaves at all."""
    has_server = bool(sight.settings.smtp_url)
    return Finding(
        has_server or not sight.settings.is_production,
        "by SMTP" if has_server else "kept as files in the data folder",
        "Set CONSENT_GATEWAY_SMTP_URL, or nobody gets an invitation.",
    )


def contact(sight: Sight) -> Finding:
    """Check whether people are shown a real contact."""
    return Finding(
        not sight.settings.is_production or not sight.settings.contact.endswith(".example"),
        sight.settings.contact,
        "Set CONSENT_GATEWAY_CONTACT to the address that people shall write to.",
    )


def documentation(sight: Sight) -> Finding:
    """Tell where partners find a page for each error."""
    return Finding(True, sight.settings.documentation)


def trusted_proxies(sight: Sight) -> Finding:
    """Check whether unknown machines are trusted as proxies."""
    wide = _too_wide(sight.settings.trusted_proxies)
    return Finding(
        not wide,
        _named(wide or sight.settings.trusted_proxies),
        "Name in CONSENT_GATEWAY_TRUSTED_PROXIES the addresses of your own proxies alone: whoever else is believed can "
        "show any address and any client's certificate.",
    )


def outbound_networks(sight: Sight) -> Finding:
    """Check whether partners' addresses may lead anywhere."""
    allowed = sight.settings.outbound_networks
    wide = _too_wide(allowed) or [each for each in allowed if any(_is_within(each, own) for own in METADATA)]
    return Finding(
        not wide,
        _named(wide or allowed),
        "Name in CONSENT_GATEWAY_OUTBOUND_NETWORKS only the networks that partners' servers are in: a partner could "
        "else make this gateway ask machines of yours for it.",
    )


def _too_wide(networks: Iterable[Network]) -> list[Network]:
    return [
        each
        for each in networks
        if each.prefixlen < WIDEST[each.version] and not any(_is_within(each, own) for own in OWN_NETWORKS)
    ]


def _is_within(network: Network, other: Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]  # same version


def _named(networks: Iterable[Network]) -> str:
    return ", ".join(map(str, networks)) or "none"


def login_attempts(sight: Sight) -> Finding:
    """Check whether passwords can be guessed by trying."""
    settings = sight.settings
    wrong = [
        f"{name} is {value}"
        for name, value, is_wrong in (
            ("login_attempts", settings.login_attempts, settings.login_attempts > MOST_ATTEMPTS),
            ("login_refill", settings.login_refill, settings.login_refill < LEAST_REFILL),
            ("address_attempts", settings.address_attempts, settings.address_attempts > MOST_OF_AN_ADDRESS),
        )
        if is_wrong
    ]
    return Finding(
        not wrong,
        ", ".join(wrong) or f"{settings.login_attempts} at once, then one each {settings.login_refill} s",
        f"Let an account have at most {MOST_ATTEMPTS} attempts at once and one more each {LEAST_REFILL} s, an address "
        f"at most {MOST_OF_AN_ADDRESS}: else passwords can be guessed.",
    )


def go_live_approvals(sight: Sight) -> Finding:
    """Check whether one administrator alone can take a partner live."""
    needed = sight.settings.approvals_needed
    return Finding(
        needed >= 2 or not sight.settings.is_production,
        f"{needed} needed",
        "Leave CONSENT_GATEWAY_GO_LIVE_APPROVALS at 0, and give two people the role: what one stolen session can take "
        "live is asked of a whole school.",
    )
