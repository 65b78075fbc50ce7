"""Apache with mod_auth_openidc: a relying party that nobody programmed, only configured."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.interop.stage import HERE, SECRET, Stage, prepare, running, served, wait_for
from tests.ports import free_port
from tests.world import copy_sqlite

MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mod_auth_openidc.so", "mod_mpm_event.so")


@pytest.fixture
def apache(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[Stage, str]]:
    """A gateway, and an Apache that asks it who comes."""
    if shutil.which("apache2") is None or not all((MODULES / name).is_file() for name in NEEDED):
        pytest.skip("apt-get install apache2 libapache2-mod-auth-openidc")
    place = f"http://localhost:{free_port()}"
    url = copy_sqlite(sqlite_template, tmp_path)
    prepare(url, tmp_path, place=place)
    with served(url, tmp_path) as stage:
        config = (HERE / "apache.conf").read_text()
        names = {"folder": tmp_path, "port": place.rpartition(":")[2], "modules": MODULES}
        (tmp_path / "pages").mkdir()
        (tmp_path / "pages" / "index.html").write_text("the page behind the door")
        file = tmp_path / "apache.conf"
        file.write_text(config.format(**names, issuer=stage.issuer, secret=SECRET, place=place))
        with running(["apache2", "-f", str(file), "-X"], tmp_path / "apache.out") as process:
            wait_for(place, process, tmp_path / "apache.log")
            yield stage, place


def test_the_door_opens_for_who_shares(apache: tuple[Stage, str]) -> None:
    """Apache sends the browser to the gateway, reads userinfo, and lets the person in by the pairwise name."""
    stage, place = apache
    browser = stage.person()
    page = browser.open(f"{place}/index.html")
    page = browser.submit(page, "/consent", {"item": ["email.service_provision"]}, button="share")
    assert page.text == "the page behind the door"
    headers = page.response.headers
    assert headers["X-Name"] == "Asha Rao"
    assert headers["X-Email"] == "asha@lakeside.example"
    again = browser.open(f"{place}/index.html").response.headers
    assert again["X-Sub"] == headers["X-Sub"]


def test_it_goes_on_after_a_partial_consent(apache: tuple[Stage, str]) -> None:
    """It asks for every scope again at each refresh, though the person shared less: that is no error."""
    stage, place = apache
    browser = stage.person()
    page = browser.open(f"{place}/index.html")
    browser.submit(page, "/consent", button="share")
    # Its tokens live five minutes and it refreshes what lives less than 295 s: so at every visit after a few seconds.
    again = browser.open(f"{place}/index.html")
    assert again.text == "the page behind the door"
    assert "X-Email" not in again.response.headers or again.response.headers["X-Email"] == "(null)"


def test_who_says_no_stays_outside(apache: tuple[Stage, str]) -> None:
    """The partner learns `access_denied`, and nothing else.

    mod_auth_openidc 2.4.12 takes any answer with `iss` and no code for the beginning of a log-in, and says so with
    status 200. RFC 9207 wants `iss` on errors too, so that is what it gets.
    """
    stage, place = apache
    browser = stage.person()
    page = browser.open(f"{place}/index.html")
    page = browser.submit(page, "/consent", button="refuse")
    answer = dict(parse_qsl(urlsplit(browser.hops[-1]).query))
    assert (answer["error"], answer["iss"]) == ("access_denied", stage.issuer)
    assert "the page behind the door" not in page.text
    assert "X-Name" not in page.response.headers or page.response.headers["X-Name"] == "(null)"
