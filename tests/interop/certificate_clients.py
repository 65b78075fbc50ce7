"""Clients that show certificates: issued by an authority, self-signed, and a stranger's."""

import json
import ssl
import time
from pathlib import Path

import httpx2
from cryptography.x509 import DNSName

from tests.certificates import Issued, issue
from tests.patience import PATIENCE

CLIENT = """
[[client]]
client_id = "interop-{name}"
name = "A certificate, {name}"
profile = "fapi2"
auth_method = "{method}"
{line}
tls_client_certificate_bound_access_tokens = true
redirect_uris = ["PLACE/{name}/callback"]
offer_id = "interop"

[[offer]]
"""
SUBJECT = "CN=interop,O=Interop,C=IE"


class Certificates:
    """An authority, and what it issued."""

    def __init__(self, folder: Path, *names: str) -> None:
        now = time.time()
        self.authority = issue("CN=Authority,O=School Trust,C=IE", now, is_authority=True)
        served = tuple(map(DNSName, names or ("localhost",)))
        self.server = issue("CN=localhost", now, self.authority, names=served)
        self.issued = issue(SUBJECT, now, self.authority)
        self.own = issue("CN=own", now)
        self.stranger = issue(SUBJECT, now)
        self.folder = folder
        self.authority.write(folder, "ca")

    def manifest(self) -> Path:
        """Write a manifest with a client of each method."""
        keys = {"keys": [self.own.jwk]}
        (self.folder / "own.json").write_text(json.dumps(keys))
        key = ", ".join(f"{name} = {json.dumps(value)}" for name, value in self.own.jwk.items())
        clients = [
            CLIENT.format(
                name="issued", method="tls_client_auth", line=f'tls_client_auth_subject_dn = "{SUBJECT}"'
            ),
            CLIENT.format(
                name="own",
                method="self_signed_tls_client_auth",
                line=f"jwks = {{ keys = [{{ {key} }}] }}",
            ),
        ]
        text = (Path(__file__).parent / "partner.toml").read_text()
        for client in clients:
            text = text.replace("\n[[offer]]\n", client, 1)
        file = self.folder / "partner.toml"
        file.write_text(text)
        return file

    def client(self, shown: Issued | None, name: str) -> httpx2.Client:
        """Open a client that shows a certificate."""
        context = ssl.create_default_context(cadata=self.authority.pem)
        if shown is not None:
            context.load_cert_chain(*map(str, shown.write(self.folder, name)))
        return httpx2.Client(verify=context, trust_env=False, timeout=PATIENCE)
