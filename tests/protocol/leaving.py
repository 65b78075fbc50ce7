"""QuizCo, with an address for people who signed out and one that is told of it."""

from tests.world import PARTNERS, World, publish

BYE = "http://localhost:8100/bye?from=quizco"
OUT = "https://quizco.example.org/out"


def register(world: World) -> None:
    """Publish QuizCo's manifest with both addresses."""
    text = (PARTNERS / "quizco.toml").read_text()
    more = f'post_logout_redirect_uris = ["{BYE}"]\nbackchannel_logout_uri = "{OUT}"\noffer_id ='
    world.run(
        lambda: publish(world.services, text.replace("offer_id =", more, 1), version=2, manifest_version=2)
    )
