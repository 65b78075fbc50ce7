"""Made-up views of a receipt and of the page behind a stop link."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.web.pages.views import (
    Fact,
    OwnRecordView,
    ReceiptItem,
    ReceiptView,
    RecordCell,
    RecordPart,
    RecordTable,
    StopLinkView,
    View,
)
from tests.gateway.web.samples.frame import NOW, at_connected, stranger

receipt = ReceiptView(
    chrome=at_connected,
    brand="QuizCo Learning Limited",
    offer="Practice Quizzes",
    what="You said yes",
    at="2026-11-18T10:26:40Z",
    until="2027-05-17T10:26:40Z",
    items=(
        ReceiptItem(label="Name", form="full", purpose="learning progress", retention_days=30),
        ReceiptItem(label="E-mail", form="masked", purpose="results", retention_days=None),
    ),
    facts=(
        Fact(label="Receipt", value="evt_1"),
        Fact(label="Notice", value="version 7, SHA-256 " + "ab" * 32),
    ),
    jws="e30.e30.AA",
    json_url="/connected/gra_1/receipt/evt_1/receipt.json",
    jws_url="/connected/gra_1/receipt/evt_1/receipt.jws",
    keys_url="/receipts/jwks.json",
    check_url="/connected/gra_1/check/evt_1",
    stop_url="/stop/gra_1/proof",
    back_url="/connected/gra_1",
)
stop = StopLinkView(
    chrome=stranger, brand="QuizCo", offer="Practice Quizzes", stop_action="/stop/gra_1/proof"
)
own_record = OwnRecordView(
    chrome=at_connected,
    made_at=NOW,
    json_url="/connected/my-record.json",
    back_url="/connected",
    parts=(
        RecordPart(
            title="Practice Quizzes · QuizCo Learning Limited",
            facts=(
                ("State", RecordCell(text="active")),
                (
                    "What",
                    RecordCell(text="Name (in full) · Account linking, E-mail (masked) · Results delivery"),
                ),
                ("Since", RecordCell(at=NOW - DAY)),
            ),
            tables=(
                RecordTable(
                    title="Decisions",
                    heads=("What", "Who", "When"),
                    rows=(
                        (
                            RecordCell(text="You said yes"),
                            RecordCell(text="you"),
                            RecordCell(at=NOW - DAY),
                        ),
                    ),
                ),
                RecordTable(
                    title="What left for the partner",
                    heads=("When", "Where", "What"),
                    rows=tuple(
                        (
                            RecordCell(at=NOW - each),
                            RecordCell(text="userinfo"),
                            RecordCell(text="Name (in full)"),
                        )
                        for each in (60, 3600, 7200)
                    ),
                ),
            ),
        ),
        RecordPart(title="Your account", facts=(("Role", RecordCell(text="student")),)),
    ),
)
SAMPLES: dict[str, tuple[str, View]] = {
    "receipt": ("receipt", receipt),
    "own_record": ("own_record", own_record),
    "receipt.ended": ("receipt", replace(receipt, stop_url="", until="", items=())),
    "stop_link": ("stop_link", stop),
    "stop_link.stopped": ("stop_link", replace(stop, stop_action="", ended_at=NOW)),
}
