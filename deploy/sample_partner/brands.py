"""Our services in words. A client with another name gets neutral ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """What a service says about itself; `voice` names the type and the drawing its pages use."""

    service: str
    headline: str
    lead: str
    steps: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, str], ...]
    connected: str
    without: str
    voice: str


WORDINGS = {
    "quizco": Wording(
        service="Practice quizzes",
        headline="Watch the lecture. Then find out what stuck.",
        lead="Five short questions after every lecture, made from what was said in it.",
        steps=(
            ("Watch", "Follow your lecture on the video platform, as always."),
            ("Answer", "Get five questions on that lecture, at your own pace."),
            ("Look back", "Every answer links to the minute where it was explained."),
        ),
        uses=(
            ("Your name", "so that your results carry it"),
            ("Your course", "so that the questions fit your lectures"),
            ("E-mail, phone, student status", "only if you want scores and reminders sent to you"),
        ),
        connected="Your next five questions are ready.",
        without="Every quiz is also here without an account. You would only type your course in yourself.",
        voice="quiz",
    ),
    "campuspress": Wording(
        service="Course readers",
        headline="Your course reader, printed and on your desk.",
        lead="We bind the handouts of your course into one book and post it to you.",
        steps=(
            ("Collect", "Your professors choose the handouts for the term."),
            ("Print", "We print and bind them on recycled paper in one week."),
            ("Post", "The book comes to the address that you share with us."),
        ),
        uses=(
            ("Your name and address", "so that the parcel finds you"),
            ("Your phone or e-mail", "only if the courier may announce the parcel"),
            ("Whether you are 16", "only if you would like to sign for it yourself"),
        ),
        connected="Your reader is being printed, and the parcel will find you.",
        without="You can also order at the campus bookshop and collect the reader there.",
        voice="press",
    ),
    "tutorloop": Wording(
        service="Course questions",
        headline="Ask about your course. A tutor answers.",
        lead="Stuck on a lecture? Send a question, and read the answer the same evening.",
        steps=(
            ("Ask", "Write what you did not understand."),
            ("Wait a little", "A tutor who knows your course reads it."),
            ("Read", "The answer comes here, or by mail."),
        ),
        uses=(
            ("Your course", "so that the right tutor reads it"),
            ("Your name", "only if the tutor may call you by it"),
            ("An e-mail address", "only if you want answers by mail; a private one is enough"),
        ),
        connected="A tutor of your course is there until it ends.",
        without="You can also ask without an account. You would choose your course from a list.",
        voice="plain",
    ),
}


def wording(name: str, brand: str) -> Wording:
    """The words of a service, or neutral ones for a client that we have never heard of."""
    return WORDINGS.get(name) or Wording(
        service=brand,
        headline=f"{brand} works with your school account.",
        lead="Choose what you share, and stop at any time.",
        steps=(),
        uses=(),
        connected="Thank you. Here is everything we received.",
        without="You can go on without sharing anything.",
        voice="plain",
    )
