"""Made-up views of the person's dashboard."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.web.pages.timeline import timeline
from gateway.web.pages.views import (
    AgreedItem,
    CheckedEntry,
    ConnectedDetailView,
    ConnectedView,
    Event,
    Fact,
    HandoffLine,
    HashStep,
    LogCheckView,
    LogView,
    NoticeView,
    Option,
    OwnDay,
    Pager,
    PauseNote,
    ReceivedLine,
    ServiceLine,
    Spoken,
    StoppedView,
    View,
)
from tests.gateway.web.samples.frame import NOW, at_connected, benefit, events, person, quizco, stranger

LOG_NOTE = "gateway.example/log\n4\n" + "A" * 43 + "=\n\n— gateway.example/log " + "A" * 92 + "\n"
LOG_KEY = "gateway.example/log+ff5baa70+" + "A" * 44

NOTICE = """Practice Quizzes, version 7

QuizCo Learning Limited asks for:

1. Name, so that your results carry your name. Needed. Kept 30 days after you stop.
2. Course, so that the quiz fits your lecture. Needed.
3. E-mail, so that it can send you your score. Your choice.

It may not use any of it for advertising."""
handoffs = (
    HandoffLine(
        at=NOW - 3600,
        what=("Name", "Course", "E-mail"),
        purposes=("learning progress", "results"),
        endpoint="userinfo",
        who="you were there",
        check_url="/connected/g1/check/hof_1",
    ),
    HandoffLine(
        at=NOW - 2 * DAY,
        what=("Name", "Course"),
        purposes=("learning progress",),
        endpoint="userinfo",
        who="fetched without you",
    ),
    HandoffLine(
        at=NOW - 9 * DAY,
        what=("Name", "Course", "E-mail"),
        purposes=("learning progress", "results"),
        endpoint="release",
        who="not known any more",
    ),
)
detail = ConnectedDetailView(
    letters=3,
    last_letter_at=NOW - 2 * DAY,
    chrome=at_connected,
    partner=quizco,
    offer="Practice Quizzes",
    benefit=benefit,
    state="live",
    items=(
        AgreedItem(
            label="Name",
            value="Asha Rao",
            form="as it is",
            so_that="so that your results carry your name",
            needed=True,
        ),
        AgreedItem(
            label="Course",
            value="CS-101 Data structures",
            form="as it is",
            so_that="so that the quiz fits your lecture",
            needed=True,
        ),
        AgreedItem(
            label="E-mail",
            value="x7f4q@relay.example.org",
            form="private address",
            so_that="so that it can send you your score",
            needed=False,
            off_action="/connected/g1/off/email",
            older_copy_at=NOW - 9 * DAY,
        ),
    ),
    received=(
        ReceivedLine(
            label="Phone",
            form="last two digits",
            first_at=NOW - 60 * DAY,
            last_at=NOW - 50 * DAY,
            gone_by=NOW - 17 * DAY,
        ),
    ),
    handoffs=handoffs,
    timeline=timeline(
        [(NOW - 3600, True), (NOW - 2 * DAY, False), (NOW - 2 * DAY, False), (NOW - 9 * DAY, None)], NOW
    ),
    events=events,
    notice_url="/notices/quizco/7",
    notice_version=7,
    kept_seconds=30 * DAY,
    since=NOW - 90 * DAY,
    until=NOW + 190 * DAY,
    stop_action="/connected/g1/stop",
    reads_left=2,
    reads_allowed=5,
    shorten_action="/connected/g1/shorten",
    shorter=OwnDay(first="2026-11-19", last="2027-05-26"),
    reveal_url="/reauthenticate?next=g1",
    pager=Pager(older_url="?before=ho_77"),
)
RECEIVED = (
    ReceivedLine(
        label="Name",
        form="",
        first_at=NOW - 90 * DAY,
        last_at=NOW - 41 * DAY,
        gone_by=NOW - 10 * DAY,
    ),
    ReceivedLine(
        label="E-mail",
        form="private address",
        first_at=NOW - 60 * DAY,
        last_at=NOW - 60 * DAY,
        gone_by=NOW + 50 * DAY,
    ),
)
OVER = replace(
    detail,
    items=(),
    received=(),
    until=None,
    reads_left=None,
    stop_action="",
    shorten_action="",
    shorter=None,
    reveal_url="",
    pager=Pager(),
)
TERMS = PauseNote(
    why="QuizCo changed its terms.",
    way="Use it again at QuizCo to see what changes, and answer.",
    since=NOW - 2 * DAY,
)
USES = PauseNote(
    why="It was read as often as you allowed.", way="To allow more, use it again at QuizCo.", since=NOW - DAY
)
SCHOOL = PauseNote(why="Your school does not allow QuizCo now.", way="Ask your school.")
GUARDIAN = PauseNote(
    why="Your guardian has not answered yet.",
    way="It goes on when your guardian says yes.",
    since=NOW - DAY,
)
services = (
    ServiceLine(
        brand="CampusPress",
        offer="Course Readers",
        state="changed",
        url="/connected/g2",
        word="may_read",
        fields=("Name", "Postal address"),
        pause=replace(TERMS, why="CampusPress changed its terms."),
        since=NOW - 300 * DAY,
        last_handoff_at=NOW - 20 * DAY,
        handoff_count=14,
    ),
    ServiceLine(
        brand="QuizCo",
        offer="Practice Quizzes",
        state="live",
        url="/connected/g1",
        word="may_read",
        fields=("Name", "Course", "E-mail"),
        since=NOW - 90 * DAY,
        until=NOW + 190 * DAY,
        last_handoff_at=NOW - 3600,
        handoff_count=1000,
        more_handoffs=True,
    ),
    ServiceLine(
        brand="NoteBridge",
        offer="Shared notes",
        state="used_up",
        url="/connected/g6",
        word="may_read",
        fields=("Name",),
        pause=USES,
        since=NOW - 3 * DAY,
        until=NOW + 27 * DAY,
        reads_left=0,
        reads_allowed=5,
        last_handoff_at=NOW - DAY,
        handoff_count=5,
    ),
    ServiceLine(
        brand="Öresund Lernhilfe für Mathematik und Naturwissenschaften",
        offer="Nachhilfe",
        state="waiting",
        url="/connected/g3",
        word="asked",
        fields=("Name",),
        pause=GUARDIAN,
    ),
    ServiceLine(
        brand="مكتبة النور",
        offer="قراءة",
        state="paused",
        url="/connected/g4",
        word="may_read",
        fields=("Name",),
        pause=SCHOOL,
        since=NOW - 20 * DAY,
    ),
)
ended = (
    ServiceLine(
        brand="LabTime",
        offer="Bench booking",
        state="ended",
        url="/connected/g5",
        word="received",
        fields=("Name", "E-mail"),
        since=NOW - 400 * DAY,
        ended_at=NOW - 30 * DAY,
    ),
    ServiceLine(
        brand="LabTime",
        offer="Lab safety",
        state="ended",
        url="/connected/g7",
        word="received",
        fields=(),
        ended_at=NOW - 40 * DAY,
    ),
)
refused = (
    ServiceLine(
        brand="BookNest",
        offer="Second-hand books",
        state="refused",
        url="/connected/g8",
        word="asked",
        fields=("Name", "Postal address"),
        ended_at=NOW - 10 * DAY,
        refused_by="you",
        may_ask_at=NOW + 80 * DAY,
        ask_again_action="/connected/g8/ask-again",
    ),
    ServiceLine(
        brand="ClubHub",
        offer="Chess club",
        state="refused",
        url="/connected/g9",
        word="asked",
        fields=(),
        ended_at=NOW - 200 * DAY,
        refused_by="guardian",
    ),
)

SAMPLES: dict[str, tuple[str, View]] = {
    "connected": (
        "connected",
        ConnectedView(chrome=at_connected, services=services, refused=refused, ended=ended),
    ),
    "connected.empty": ("connected", ConnectedView(chrome=at_connected, services=())),
    "connected.waits": (
        "connected",
        ConnectedView(
            chrome=at_connected,
            services=(services[3],),
        ),
    ),
    "connected_detail": ("connected_detail", detail),
    "connected_detail.changed": (
        "connected_detail",
        replace(detail, state="changed", pause=TERMS, pager=Pager()),
    ),
    "connected_detail.used_up": (
        "connected_detail",
        replace(detail, state="used_up", pause=USES, reads_left=0, shorten_action="", shorter=None),
    ),
    "connected_detail.paused": (
        "connected_detail",
        replace(detail, state="paused", pause=SCHOOL, until=None, reveal_url=""),
    ),
    "connected_detail.waiting": (
        "connected_detail",
        replace(
            detail,
            state="waiting",
            pause=GUARDIAN,
            received=(),
            handoffs=(),
            since=None,
            until=None,
            reads_left=None,
            shorten_action="",
        ),
    ),
    "connected_detail.nobody": (
        "connected_detail",
        replace(
            detail,
            state="waiting",
            nobody=True,
            received=(),
            handoffs=(),
            since=None,
            until=None,
            reads_left=None,
            shorten_action="",
        ),
    ),
    "connected_detail.refused": (
        "connected_detail",
        replace(
            OVER,
            state="refused",
            ended_at=NOW - 3600,
            asked=("Name", "Course"),
            refused_by="you",
            may_ask_at=NOW + 90 * DAY,
            ask_again_action="/connected/g1/ask-again",
            handoffs=(),
        ),
    ),
    "connected_detail.guardians_no": (
        "connected_detail",
        replace(OVER, state="refused", ended_at=NOW - 3600, refused_by="guardian", handoffs=()),
    ),
    "connected_detail.archived": (
        "connected_detail",
        replace(
            OVER,
            state="ended",
            ended_at=NOW - 3 * 365 * DAY,
            archived_before=NOW - 365 * DAY,
            handoffs=(),
        ),
    ),
    "connected_detail.ended": (
        "connected_detail",
        replace(OVER, state="ended", ended_at=NOW - 3600, received=RECEIVED),
    ),
    "stopped": (
        "stopped",
        StoppedView(
            chrome=at_connected,
            brand="QuizCo",
            offer="Practice Quizzes",
            stopped_at=NOW,
            gone_by=NOW + 30 * DAY,
            deletion_asked=True,
            detail_url="/connected/g1",
        ),
    ),
    "stopped.kept": (
        "stopped",
        StoppedView(
            chrome=at_connected,
            brand="QuizCo",
            offer="Practice Quizzes",
            stopped_at=NOW,
            gone_by=None,
            deletion_asked=False,
            detail_url="/connected/g1",
        ),
    ),
    "notice": (
        "notice",
        NoticeView(
            chrome=person,
            brand="QuizCo",
            offer="Practice Quizzes",
            version=7,
            effective_at=NOW - 100 * DAY,
            digest="5f" * 32,
            back_url="/connected/g1",
            text=Spoken(
                text=NOTICE,
                language="en",
                direction="ltr",
            ),
        ),
    ),
    "notice.untagged": (
        "notice",
        NoticeView(
            chrome=stranger,
            brand="QuizCo",
            offer="Practice Quizzes",
            version=1,
            effective_at=NOW,
            digest="00" * 32,
            text=Spoken(text="Version 1"),
        ),
    ),
    "log_check": (
        "log_check",
        LogCheckView(
            chrome=person,
            back_url="/connected/g1",
            download_url="/connected/g1/check/hof_1/proof.json",
            origin="gateway.example/log",
            checked=CheckedEntry(
                at=NOW - 60,
                signed_at=NOW - 59,
                index=2,
                size=4,
                entry='{\n "kind": "handoff"\n}',
                leaf="ab" * 32,
                steps=(HashStep(left="ab" * 32, right="cd" * 32, result="ef" * 32),) * 2,
                root="ef" * 32,
                note="gateway.example/log\n4\n" + "A" * 43 + "=\n\n— gateway.example/log " + "A" * 92 + "\n",
            ),
        ),
    ),
    "log": ("log", LogView(chrome=stranger, action="/log", note=LOG_NOTE, keys=(LOG_KEY,))),
    "log.behind": (
        "log",
        LogView(chrome=stranger, action="/log", note=LOG_NOTE, keys=(LOG_KEY,), behind_since=NOW - 3600),
    ),
    "log.empty": ("log", LogView(chrome=stranger, action="/log", note="", keys=())),
    "log.continues": (
        "log",
        LogView(
            chrome=person,
            action="/log",
            note=LOG_NOTE,
            keys=(LOG_KEY,),
            finding="continues",
            kept=LOG_NOTE,
            kept_size=3,
            kept_root="ab" * 32,
            size=4,
            root="ef" * 32,
            proof=("cd" * 32,) * 2,
            steps=(HashStep(left="ab" * 32, right="cd" * 32, result="ef" * 32),) * 2,
        ),
    ),
    **{
        f"log.{finding}": (
            "log",
            LogView(
                chrome=stranger,
                action="/log",
                note=LOG_NOTE,
                keys=(LOG_KEY,),
                finding=finding,
                kept=LOG_NOTE,
                kept_size=size,
                kept_root="ab" * 32,
                size=4,
                root="ef" * 32,
            ),
        )
        for finding, size in (("unknown", 0), ("shorter", 9), ("rewritten", 3))
    },
    "log_check.waits": (
        "log_check",
        LogCheckView(
            chrome=person,
            back_url="/connected/g1",
            download_url="",
            origin="gateway.example/log",
            checked=None,
        ),
    ),
    "connected.everything": (
        "connected",
        ConnectedView(
            chrome=at_connected,
            services=services,
            ended=ended,
            stop_everything_action="/stop-everything",
            can_ask_deletion=True,
            record_url="/connected/my-record.json",
            record_page_url="/connected/my-record",
        ),
    ),
    "connected_detail.acts": (
        "connected_detail",
        replace(
            detail,
            pause_action="/connected/g1/pause",
            can_ask_deletion=True,
            complain_action="/connected/g1/complain",
            complaints=(Option(value="advertising", label="They advertised to me"),),
            complained=(Fact(label="They advertised to me", value="cmp_1"),),
        ),
    ),
    "connected_detail.deletion": (
        "connected_detail",
        replace(
            OVER,
            state="ended",
            ended_at=NOW - 40 * DAY,
            received=RECEIVED,
            deletion=(
                Event(at=NOW - 10 * DAY, what="They are late; our administrators see it", actor=""),
                Event(at=NOW - 39 * DAY, what="They took it in", actor=""),
                Event(at=NOW - 40 * DAY, what="Deletion was asked for", actor=""),
            ),
        ),
    ),
    "connected_detail.own-pause": (
        "connected_detail",
        replace(
            detail,
            state="paused",
            pause=PauseNote(why="You paused it.", way="It goes on when you say so.", since=NOW - DAY),
            resume_action="/connected/g1/resume",
        ),
    ),
}
