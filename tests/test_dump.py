"""A dump of the database holds no personal value and no usable secret, byte by byte (promise P3)."""

import base64
from pathlib import Path

import asyncpg

from tests.world import PERSONAL_VALUES, QUIZCO_SECRET, World, apart


def dump(url: str) -> bytes:
    """Dump a database, raw: SQLite's files as they are on disk, PostgreSQL's rows in binary and as text."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(each.read_bytes() for each in sorted(file.parent.glob(f"{file.name}*")))
    return apart(dump_postgresql(url))


async def dump_postgresql(url: str) -> bytes:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        parts = []
        for (table,) in tables:
            for row in await connection.fetch(f'SELECT * FROM "{table}"'):
                parts += [
                    value if isinstance(value, bytes) else str(value).encode() for value in row.values()
                ]
        return b"\n".join(parts)
    finally:
        await connection.close()


def spellings(value: str) -> set[bytes]:
    """Spell a value in the ways in which it could lie about in a file."""
    plain = value.encode()
    return {
        plain,
        plain.hex().encode(),
        base64.b64encode(plain).rstrip(b"="),
        base64.urlsafe_b64encode(plain).rstrip(b"="),
        value.encode("utf-16-le"),
        ascii(value)[1:-1].encode(),
    }


def test_a_dump_holds_no_personal_value_and_no_usable_secret(each_world: World) -> None:
    """P3: after a whole journey, with a push, a refusal, an edit, a refresh and a stop."""
    browser = each_world.signed_in()
    pushed = each_world.post(
        "/par", {**each_world.authorization(), "login_hint": "asha@lakeside.example"}
    ).json()
    page = each_world.ask(browser)
    answer = each_world.share(browser, page, "email.results_delivery", "phone_number.appointment_reminders")
    tokens = each_world.exchange(answer["code"]).json()
    refreshed = each_world.refresh(tokens["refresh_token"]).json()
    assert each_world.userinfo(refreshed["access_token"]).json()["name"] == "Asha Rao"
    assert each_world.userinfo("cg_at_" + "0" * 43).status_code == 401
    edit = browser.open("/profile/edit")
    number = "+44 20 7946 0987"
    browser.submit(
        edit, "/profile/edit", {"phone_number": number, "address.street_address": "9 Secret Street"}
    )
    cookie = browser._client.cookies["__Host-session"]
    secrets = [
        answer["code"],
        tokens["access_token"],
        tokens["refresh_token"],
        refreshed["access_token"],
        refreshed["refresh_token"],
        pushed["request_uri"].rpartition(":")[2],
        QUIZCO_SECRET,
        cookie,
    ]
    assert all(len(secret) > 40 for secret in secrets)
    content = dump(each_world.services.settings.database)
    assert b"practice-quizzes" in content, "the dump holds what it should hold"
    assert b"consent_screen" in content
    for value in (*PERSONAL_VALUES, *secrets, number, "9 Secret Street", "asha@lakeside.example"):
        for spelled in spellings(value):
            assert spelled not in content, f"{value!r} stands in the database as {spelled!r}"


def test_the_search_would_find_a_value(each_world: World) -> None:
    """The test above can fail: a value that does stand in the database is found."""
    assert any(
        spelled in dump(each_world.services.settings.database) for spelled in spellings("Lakeside College")
    )
