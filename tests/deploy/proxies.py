"""The proxies of deploy/machine, run as they are: only ports, certificates and folders are this machine's."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.interop.stage import running
from tests.patience import until
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
MACHINE = ROOT / "deploy" / "machine"
NAME, MTLS_NAME = "gateway.school.example", "mtls.gateway.school.example"

# What a Debian's nginx.conf says around a site: what it says already, a site must not say again.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log {folder}/access.log;
    gzip on;
    gzip_types *;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sites/*;
}}
"""


@dataclass(frozen=True)
class Ports:
    """Where the gateway and the proxy listen."""

    gateway: int
    https: int
    http: int


@dataclass(frozen=True)
class Files:
    """The folder of a proxy, and the certificate that it shows."""

    folder: Path
    certificate: Path
    key: Path


def program(name: str) -> str:
    """Find a program; where it is missing the test says so. `.ci/run` installs each of them."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"there is no {name} on this machine: apt-get install {name}")
    return found


def nginx_command(ports: Ports, files: Files) -> list[str]:
    """Put the site and its snippets into their places; check them as an operator does."""
    place = {
        "127.0.0.1:8000": f"127.0.0.1:{ports.gateway}",
        "listen 443": f"listen 127.0.0.1:{ports.https}",
        "listen [::]:443": f"listen [::1]:{ports.https}",
        "listen 80": f"listen 127.0.0.1:{ports.http}",
        "listen [::]:80": f"listen [::1]:{ports.http}",
        f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(files.certificate),
        f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(files.key),
        "/var/log/nginx": str(files.folder),
    }
    for each in ("consent-gateway.conf", "consent-gateway-server.conf", "consent-gateway-proxy.conf"):
        text = (MACHINE / "nginx" / each).read_text()
        for ours, here in place.items():
            text = text.replace(ours, here)
        if not Path("/proc/net/if_inet6").exists():
            text = "\n".join(line for line in text.splitlines() if "[::1]" not in line)
        target = files.folder / ("sites" if each == "consent-gateway.conf" else "snippets") / each
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    config = files.folder / "nginx.conf"
    config.write_text(NGINX.format(folder=files.folder))
    command = [
        program("nginx"),
        "-p",
        str(files.folder),
        "-e",
        str(files.folder / "error.log"),
        "-c",
        str(config),
    ]
    checked = subprocess.run([*command, "-t", "-q"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    said = [line for line in (files.folder / "error.log").read_text().splitlines() if "[notice]" not in line]
    # The user's directive means nothing where the master is no root.
    assert [line for line in said if "[warn]" in line and '"listen ... http2"' not in line] == []
    return command


def caddy_command(ports: Ports, files: Files) -> list[str]:
    """Put the Caddyfile into its place; check it as an operator does."""
    text = (MACHINE / "caddy" / "Caddyfile").read_text()
    place = {
        "127.0.0.1:8000": f"127.0.0.1:{ports.gateway}",
        # Certificates are the test's own, and nobody outside is asked for any.
        "\ttls {\n": f"\ttls {files.certificate} {files.key} {{\n",
        "{\n\tservers {": "{\n"
        f"\tadmin off\n\thttps_port {ports.https}\n\thttp_port {ports.http}\n\tdefault_bind 127.0.0.1\n"
        f"\tstorage file_system {files.folder}\n\tskip_install_trust\n\tservers {{",
    }
    for ours, here in place.items():
        assert ours in text
        text = text.replace(ours, here)
    config = files.folder / "Caddyfile"
    config.write_text(text)
    words = ["--config", str(config), "--adapter", "caddyfile"]
    checked = subprocess.run([program("caddy"), "validate", *words], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return [program("caddy"), "run", *words]


COMMANDS = {"nginx": nginx_command, "caddy": caddy_command}


@contextmanager
def proxied(name: str, ports: Ports, files: Files) -> Iterator[None]:
    """Run a proxy until the block ends."""
    files.folder.mkdir()
    command = COMMANDS[name](ports, files)
    log = files.folder / "said.log"
    with running(command, log):
        until(lambda: is_there(ports.http), f"{name} does not listen: {log.read_text()}")
        yield


def is_there(port: int) -> bool:
    """Whether somebody answers on a port, whatever the answer."""
    try:
        httpx2.get(f"http://127.0.0.1:{port}/", headers={"Host": NAME}, trust_env=False)
    except httpx2.TransportError:
        return False
    return True


def three_ports() -> Ports:
    """Take three ports."""
    return Ports(free_port(), free_port(), free_port())
