"""The journey over HTTP, on both databases: opt in, exchange, read, narrow, read, stop, refused."""

from tests.world import World


def test_a_person_opts_in_and_the_partner_reads_exactly_what_was_chosen(each_world: World) -> None:
    """Needed fields and the one that was ticked are released, nothing else; each read has its row."""
    tokens = each_world.tokens("phone_number.appointment_reminders")
    claims = each_world.userinfo(tokens["access_token"]).json()
    assert claims["name"] == "Asha Rao"
    assert "email" not in claims
