"""Made-up views of the administration."""

from dataclasses import replace

from gateway.web.views import (
    AccountRow,
    AdminComplaintsView,
    AdminGrantsView,
    AdminGrantView,
    AdminGuardiansView,
    AdminHomeView,
    AdminLogView,
    AdminPartnersView,
    AdminPartnerView,
    AdminPeopleView,
    ClientRow,
    ComplaintRow,
    Door,
    Event,
    Fact,
    FieldError,
    GrantFilter,
    GrantItemRow,
    GrantRow,
    ImportReport,
    ImportRow,
    LateDeletion,
    LogFilter,
    LogRow,
    Move,
    NewSecret,
    OfferChange,
    OfferItemRow,
    OfferReview,
    Option,
    Pager,
    PartnerRow,
    Rejection,
    RiskFlag,
    TokenRow,
    View,
)
from tests.gateway.web.samples.frame import DAY, NOW, events, officer

doors = (
    Door(section="grants", url="/admin/grants", count=18234, attention=0),
    Door(section="partners", url="/admin/partners", count=6, attention=1),
    Door(section="log", url="/admin/log", count=412904),
    Door(section="complaints", url="/admin/complaints", attention=2),
    Door(section="people", url="/admin/people", count=2310, attention=3),
)
reasons = (
    Option(value="phone_request", label="The person asked by phone"),
    Option(value="partner_breach", label="The partner broke its terms"),
    Option(value="marketing_complaint", label="Complaint about advertising"),
    Option(value="security_incident", label="Security incident"),
)
partner_options = (
    Option(value="quizco", label="QuizCo", chosen=True),
    Option(value="campuspress", label="CampusPress"),
)
field_options = (Option(value="email", label="E-mail"), Option(value="course", label="Course"))
state_options = (Option(value="active", label="Active"), Option(value="ended", label="Ended"))
grants_query = GrantFilter(
    action="/admin/grants", partners=partner_options, fields=field_options, states=state_options
)
log_rows = (
    LogRow(
        at=NOW - 3600,
        handoff_id="ho_9f2c1",
        person="per_Ab3xQ1…",
        brand="QuizCo",
        client_id="quizco-web",
        endpoint="userinfo",
        fields=("email", "name", "course"),
        purposes=("results_delivery", "learning_progress"),
        grant_url="/admin/grants/g1",
        check_url="/admin/log/check/ho_9f2c1",
    ),
    LogRow(
        at=NOW - 7200,
        handoff_id="ho_9f2c0",
        person="per_9uWc2e…",
        brand="CampusPress",
        client_id="campuspress",
        endpoint="release",
        fields=("name", "address"),
        purposes=("delivery_of_goods",),
    ),
)
grant_rows = (
    GrantRow(
        grant_id="gr_01HZX",
        url="/admin/grants/g1",
        person="per_Ab3xQ1…",
        brand="QuizCo",
        offer="Practice Quizzes",
        state="active",
        fields=("name", "course", "email"),
        given_at=NOW - 90 * DAY,
        last_handoff_at=NOW - 3600,
    ),
    GrantRow(
        grant_id="gr_01HZY",
        url="/admin/grants/g2",
        person="per_Zk8mT0…",
        brand="CampusPress",
        offer="Course Readers",
        state="asked",
        fields=("name",),
    ),
)
grant = AdminGrantView(
    chrome=officer,
    doors=doors,
    section="grants",
    grant_id="gr_01HZX",
    state="active",
    brand="QuizCo",
    offer="Practice Quizzes",
    facts=(
        Fact(label="Person", value="per_Ab3xQ1…"),
        Fact(label="School", value="Lakeside University College"),
        Fact(label="Valid until", value="30 May 2027"),
        Fact(label="Legal basis", value="consent"),
    ),
    items=(
        GrantItemRow(
            field="name",
            purpose="results_delivery",
            form="full",
            needed=True,
            granted=True,
            kept_seconds=30 * DAY,
        ),
        GrantItemRow(
            field="phone_number",
            purpose="appointment_reminders",
            form="masked",
            needed=False,
            granted=False,
            kept_seconds=7 * DAY,
        ),
    ),
    events=events,
    handoffs=log_rows[:1],
    tokens=(
        TokenRow(
            token_id="tok_5521",
            kind="access token",
            client_id="quizco-web",
            issued_at=NOW - 3700,
            expires_at=NOW - 3400,
            alive=False,
        ),
        TokenRow(
            token_id="tok_5522",
            kind="refresh token",
            client_id="quizco-web",
            issued_at=NOW - 3700,
            expires_at=NOW + 30 * DAY,
            alive=True,
        ),
    ),
    notice_url="/notices/quizco/7",
    revoke_action="/admin/grants/g1/revoke",
    reasons=reasons,
)
partner_page = AdminPartnerView(
    chrome=officer,
    doors=doors,
    section="partners",
    brand="QuizCo",
    state="review",
    live_grants=10_000,
    more_grants=True,
    facts=(
        Fact(label="Legal name", value="QuizCo Learning Limited"),
        Fact(label="Country", value="Ireland"),
        Fact(label="Stores data in", value="Ireland, Germany"),
        Fact(
            label="Privacy policy",
            value="quizco.example.org/privacy",
            url="https://quizco.example.org/privacy",
        ),
        Fact(label="Complaints", value="complaints@quizco.example.org"),
        Fact(label="Attested on", value="3 Mar 2026"),
    ),
    clients=(
        ClientRow(
            client_id="quizco-web",
            name="QuizCo for the web",
            profile="baseline",
            auth_method="client_secret_basic",
            redirect_uris=("https://app.quizco.example.org/callback",),
            retire_action="/admin/partners/quizco/clients/quizco-web/retire",
            reasons=reasons,
            secret_action="/admin/partners/quizco/clients/quizco-web/secret",
            nonce_reason="Its library sends no code challenge.",
            pkce_action="/admin/partners/quizco/clients/quizco-web/pkce",
        ),
        ClientRow(
            client_id="quizco-app",
            name="QuizCo app",
            profile="baseline",
            auth_method="private_key_jwt",
            redirect_uris=("https://app.quizco.example.org/app",),
            nonce_action="/admin/partners/quizco/clients/quizco-app/nonce",
        ),
    ),
    offers=(
        OfferReview(
            name="Practice Quizzes",
            version=8,
            benefit="Short practice quizzes from the lectures that you watched.",
            duration_seconds=190 * DAY,
            items=(
                OfferItemRow(
                    field="name",
                    purpose="results_delivery",
                    forms=("full",),
                    needed=True,
                    kept_seconds=30 * DAY,
                ),
                OfferItemRow(
                    field="email",
                    purpose="results_delivery",
                    forms=("relay", "full"),
                    needed=False,
                    kept_seconds=60 * DAY,
                    why="One message a week, never more.",
                ),
            ),
            changes=(
                OfferChange(what="email · kept", before="30 days", after="60 days", material=True),
                OfferChange(what="phone_number", before="optional, masked", after="", material=False),
                OfferChange(what="storage in Germany", before="", after="added", material=True),
            ),
        ),
    ),
    risks=(
        RiskFlag(
            serious=True, text="Keeps e-mail longer than its purpose usually needs (60 days, ceiling 90)."
        ),
        RiskFlag(serious=False, text="The attestation is older than six months."),
    ),
    moves=(
        Move(kind="approve", action="/admin/partners/quizco/approve", hidden=(("manifest", "8"),)),
        Move(kind="return", action="/admin/partners/quizco/return"),
    ),
    events=(Event(at=NOW - DAY, what="Sent to review", actor="Partner manager", reason="new version"),),
)
people = AdminPeopleView(
    chrome=officer,
    doors=doors,
    section="people",
    import_action="/admin/people/import",
    guardians_url="/admin/guardians",
    columns=("organisation", "role", "email", "name", "birthdate", "locale"),
    maximum_bytes=2_000_000,
    accounts=tuple(
        AccountRow(
            person=f"per_{state[:3]}4hT…",
            role=role,
            organisation="Northfield School",
            state=state,
            made_at=NOW - 9 * DAY,
            invited_until=until,
            again_action=f"/admin/people/per_{state}/invite" if until else "",
        )
        for role, state, until in (
            ("student", "invited", NOW + 6 * DAY),
            ("guardian", "expired", NOW - 2 * DAY),
            ("professor", "active", None),
            ("student", "closed", None),
        )
    ),
    pager=Pager(newer_url="?after=i1", older_url="?before=i3"),
)
guardians = AdminGuardiansView(
    chrome=officer,
    doors=doors,
    section="people",
    link_action="/admin/guardians/link",
    end_action="/admin/guardians/end",
    methods=(
        Option(value="in_person", label="In person"),
        Option(value="documents", label="By documents"),
    ),
    evidence_maximum=200,
)
wrong_reason = FieldError(field="reason", message="Choose a reason.")

complaints = AdminComplaintsView(
    chrome=officer,
    doors=doors,
    section="complaints",
    action="/admin/complaints",
    partners=partner_options,
    kinds=(Option(value="advertising", label="They advertised to me"),),
    states=(Option(value="open", label="Open", chosen=True), Option(value="closed", label="Closed")),
    rows=(
        ComplaintRow(
            reference="cmp_7vQ2xkP0aZ",
            opened_at=NOW - 3600,
            person="per_8Zk1aQ…",
            brand="QuizCo",
            partner_url="/admin/partners/quizco",
            is_paused=True,
            grant_url="/admin/grants/gra_1",
            what="They advertised to me",
            is_open=True,
            answer="We are looking into it",
            answered_at=NOW - 600,
            action="/admin/complaints/cmp_7vQ2xkP0aZ",
            answers=(
                Option(value="partner_told", label="We told the partner to put it right"),
                Option(value="no_breach", label="We looked and found no breach"),
            ),
        ),
        ComplaintRow(
            reference="cmp_1bH8yyT2cD",
            opened_at=NOW - 90_000,
            person="per_1LmN0p…",
            brand="CampusPress",
            what="They ask for too much",
            is_open=False,
            answer="We looked and found no breach",
            answered_at=NOW - 80_000,
        ),
    ),
    pager=Pager(older_url="?before=1.cmp_0"),
)

SAMPLES: dict[str, tuple[str, View]] = {
    "admin_home": (
        "admin_home",
        AdminHomeView(chrome=officer, doors=doors, role="privacy officer", organisation="Campus Video"),
    ),
    "admin_grants": (
        "admin_grants",
        AdminGrantsView(
            chrome=officer,
            doors=doors,
            section="grants",
            asked=True,
            query=replace(grants_query, person="asha.rao@lakeside.example.org"),
            rows=grant_rows,
            pager=Pager(newer_url="?after=x", older_url="?before=y"),
        ),
    ),
    "admin_grants.new": (
        "admin_grants",
        AdminGrantsView(chrome=officer, doors=doors, section="grants", asked=False, query=grants_query),
    ),
    "admin_grants.none": (
        "admin_grants",
        AdminGrantsView(
            chrome=officer,
            doors=doors,
            section="grants",
            asked=True,
            query=replace(
                grants_query,
                from_day="2026-12-01",
                errors=(FieldError(field="from", message="The first day is after the last one."),),
            ),
        ),
    ),
    "admin_grant": ("admin_grant", grant),
    "admin_grant.ended": (
        "admin_grant",
        replace(grant, state="ended", revoke_action="", handoffs=(), tokens=()),
    ),
    "admin_grant.paused": (
        "admin_grant",
        replace(grant, state="paused", errors=(wrong_reason,)),
    ),
    "admin_grant.stale": ("admin_grant", replace(grant, reauthenticate_url="/reauthenticate")),
    "admin_grant.refused": (
        "admin_grant",
        replace(grant, state="refused", revoke_action="", handoffs=(), tokens=()),
    ),
    "admin_partners": (
        "admin_partners",
        AdminPartnersView(
            chrome=officer,
            doors=doors,
            section="partners",
            rows=tuple(
                PartnerRow(
                    url=f"/admin/partners/{state}",
                    brand=brand,
                    legal_name=f"{brand} Learning Limited",
                    country="Ireland",
                    state=state,
                    offer_count=1,
                    live_grants=1204,
                    changed_at=NOW - DAY,
                )
                for brand, state in (
                    ("QuizCo", "review"),
                    ("CampusPress", "live"),
                    ("LabTime", "paused"),
                    ("NoteMill", "draft"),
                    ("Folio", "ended"),
                )
            ),
        ),
    ),
    "admin_partners.none": (
        "admin_partners",
        AdminPartnersView(chrome=officer, doors=doors, section="partners", rows=()),
    ),
    "admin_partner": ("admin_partner", partner_page),
    "admin_partner.live": (
        "admin_partner",
        replace(
            partner_page,
            state="live",
            risks=(),
            offers=(replace(partner_page.offers[0], changes=()),),
            moves=(
                Move(
                    kind="pause",
                    action="/admin/partners/quizco/pause",
                    reasons=(replace(reasons[0], chosen=True), *reasons[1:]),
                ),
                Move(kind="end", action="/admin/partners/quizco/end", reasons=reasons),
            ),
            secret=NewSecret(client_id="quizco-web", secret="cg_cs_made-up"),
        ),
    ),
    "admin_partner.paused": (
        "admin_partner",
        replace(
            partner_page,
            state="paused",
            events=(),
            moves=(Move(kind="resume", action="/admin/partners/quizco/resume"),),
            errors=(FieldError(field="", message="Choose a reason before you end it."),),
        ),
    ),
    "admin_partner.draft": (
        "admin_partner",
        replace(
            partner_page, state="draft", moves=(Move(kind="review", action="/admin/partners/quizco/review"),)
        ),
    ),
    "admin_partner.stale": (
        "admin_partner",
        replace(
            partner_page,
            moves=tuple(
                Move(kind=kind, action=f"/admin/partners/quizco/{kind}", reauthenticate_url="/reauthenticate")
                for kind in ("approve", "resume")
            ),
        ),
    ),
    "admin_partner.second": (
        "admin_partner",
        replace(
            partner_page,
            needs_second=True,
            moves=(),
            reject=Rejection(action="/admin/partners/quizco/reject", hidden=(("manifest", "8"),)),
        ),
    ),
    "admin_partner.late": (
        "admin_partner",
        replace(
            partner_page,
            state="live",
            late_deletions=(
                LateDeletion(
                    reference="del_01",
                    asked_at=NOW - 40 * DAY,
                    received_at=NOW - 39 * DAY,
                    complete_by=NOW - 10 * DAY,
                    grant_url="/admin/grants/g1",
                ),
                LateDeletion(
                    reference="del_02", asked_at=NOW - 4 * DAY, received_at=None, complete_by=NOW + 26 * DAY
                ),
            ),
        ),
    ),
    "admin_partner.reader": ("admin_partner", replace(partner_page, state="ended", moves=())),
    "admin_log": (
        "admin_log",
        AdminLogView(
            chrome=officer,
            doors=doors,
            section="log",
            query=LogFilter(
                action="/admin/log",
                partners=partner_options,
                fields=field_options,
                endpoints=(Option(value="userinfo", label="userinfo"),),
                from_time="2026-11-01T00:00",
            ),
            rows=log_rows,
            pager=Pager(older_url="?before=ho_9f2c0"),
        ),
    ),
    "admin_log.none_yet": (
        "admin_log",
        AdminLogView(
            chrome=officer,
            doors=doors,
            section="log",
            query=LogFilter(action="/admin/log", fields=field_options),
            rows=(),
            looked_through=20_000,
            pager=Pager(older_url="?before=ho_9f2c0"),
        ),
    ),
    "admin_log.none": (
        "admin_log",
        AdminLogView(
            chrome=officer,
            doors=doors,
            section="log",
            query=LogFilter(
                action="/admin/log", errors=(FieldError(field="from", message="There is no such time."),)
            ),
            rows=(),
        ),
    ),
    "admin_complaints": ("admin_complaints", complaints),
    "admin_complaints.none": ("admin_complaints", replace(complaints, rows=())),
    "admin_guardians": ("admin_guardians", guardians),
    "admin_guardians.refused": (
        "admin_guardians",
        replace(
            guardians,
            given={"child": "meera@northfield.example", "evidence": "Folder 12"},
            errors=(FieldError(field="guardian", message="There is no account with this address."),),
        ),
    ),
    "admin_people": ("admin_people", people),
    "admin_people.refused": (
        "admin_people",
        replace(
            people,
            report=ImportReport(
                created=97,
                known=1,
                rows=(
                    ImportRow(line=17, column="email", fault="This is not an e-mail address."),
                    ImportRow(line=40, column="", fault="The row has more cells than the heading."),
                ),
            ),
            errors=(FieldError(field="file", message="Two rows need a look."),),
        ),
    ),
    "admin_people.taken": (
        "admin_people",
        replace(
            people,
            accounts=(),
            report=ImportReport(created=2, known=0, rows=()),
        ),
    ),
    "admin_people.plain": (
        "admin_people",
        replace(people, report=ImportReport(created=100, known=1, rows=())),
    ),
}
