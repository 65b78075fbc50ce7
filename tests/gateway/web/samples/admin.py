"""Made-up views of the administration."""

from dataclasses import replace
from typing import Literal

from gateway.kit.clock import DAY
from gateway.model.people import Role
from gateway.web.pages.views import (
    AccountRow,
    AdminComplaintsView,
    AdminFactorView,
    AdminGrantsView,
    AdminGrantView,
    AdminGuardiansView,
    AdminHomeView,
    AdminLogView,
    AdminPartnersView,
    AdminPartnerView,
    AdminPeopleView,
    AdminPersonView,
    AdminRoleView,
    AdminWaitingActView,
    AdminWaitingView,
    ClientRow,
    ComplaintRow,
    Event,
    Fact,
    FieldError,
    GrantFilter,
    GrantItemRow,
    GrantRow,
    HandoffRow,
    ImportRow,
    ImportSummary,
    LateDeletion,
    LogFilter,
    OfferChange,
    OfferItemRow,
    Option,
    Pager,
    PartnerEnd,
    PartnerRow,
    PartnerWish,
    ProposalRow,
    ProposalState,
    RejectionForm,
    ReviewedOffer,
    RiskFlag,
    ShownSecret,
    StateMove,
    TextsToRead,
    TextToRead,
    TokenRow,
    View,
    WaitingRow,
    WithoutFactor,
)
from gateway.web.pages.views.admin.partners import ShownPartnerState
from gateway.web.pages.views.admin.people import AccountState, PeopleFilter, PersonConsent
from tests.gateway.web.samples.frame import NOW, doors_of, events, officer

WAITING_ENDS: tuple[Literal["approved", "refused", "withdrawn", "expired"], ...] = (
    "approved",
    "refused",
    "withdrawn",
    "expired",
)
doors = doors_of(Role.PRIVACY_OFFICER)
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
    HandoffRow(
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
    HandoffRow(
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
        word="may_read",
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
        word="asked",
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
            answer="yes",
            kept_seconds=30 * DAY,
        ),
        GrantItemRow(
            field="phone_number",
            purpose="appointment_reminders",
            form="masked",
            needed=False,
            answer="no",
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
            neither_action="/admin/partners/quizco/clients/quizco-app/neither",
        ),
        ClientRow(
            client_id="quizco-old",
            name="QuizCo for old readers",
            profile="baseline",
            auth_method="client_secret_basic",
            redirect_uris=("https://old.quizco.example.org/callback",),
            neither_reason="The reader's maker is gone.",
            pkce_action="/admin/partners/quizco/clients/quizco-old/pkce",
        ),
    ),
    offers=(
        ReviewedOffer(
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
    texts=TextsToRead(
        digest="7f" * 32,
        texts=(
            TextToRead(key="partner.brand", name="text-partner-brand", text="QuizCo"),
            TextToRead(
                key="offer[0].benefit",
                name="text-offer-0-benefit",
                text="Short practice quizzes, and special offers of our sponsors.",
                found="“special offers” (en, 29), “sponsors” (en, 51)",
            ),
        ),
    ),
    moves=(
        StateMove(kind="approve", action="/admin/partners/quizco/approve", hidden=(("manifest", "8"),)),
        StateMove(kind="return", action="/admin/partners/quizco/return"),
    ),
    events=(Event(at=NOW - DAY, what="Sent to review", actor="Partner manager", reason="new version"),),
)
INVITATIONS: tuple[tuple[str, AccountState, int | None], ...] = (
    ("student", "invited", NOW + 6 * DAY),
    ("guardian", "expired", NOW - 2 * DAY),
    ("professor", "active", None),
    ("student", "deactivated", None),
    ("student", "closed", None),
)
people = AdminPeopleView(
    chrome=officer,
    doors=doors,
    section="people",
    import_action="/admin/people/import",
    guardians_url="/admin/guardians",
    columns=("organisation", "role", "email", "name", "birthdate", "locale"),
    maximum_bytes=2_000_000,
    query=PeopleFilter(
        action="/admin/people",
        person="",
        organisations=(Option(value="northfield", label="Northfield School", chosen=True),),
        roles=(Option(value="student", label="Student"),),
        states=(Option(value="active", label="Active"),),
    ),
    accounts=tuple(
        AccountRow(
            person=f"per_{state[:3]}4hT…",
            role=role,
            organisation="Northfield School",
            state=state,
            made_at=NOW - 9 * DAY,
            invited_until=until,
            url=f"/admin/people/per_{state}",
        )
        for role, state, until in INVITATIONS
    ),
    pager=Pager(newer_url="?after=i1", older_url="?before=i3"),
)
person = AdminPersonView(
    chrome=officer,
    doors=doors,
    section="people",
    person="per_Zx81Lm…",
    state="active",
    facts=(
        Fact(label="Role", value="Student"),
        Fact(label="Organisation", value="Northfield School"),
        Fact(label="Second factor", value="yes"),
        Fact(label="Open sessions", value="2"),
        Fact(label="Guardian", value="per_1LmN0p…", url="/admin/people/per_1LmN0p"),
    ),
    consents=(
        PersonConsent(offer="Practice Quizzes", brand="QuizCo", state="active", url="/admin/grants/gra_1"),
        PersonConsent(offer="Lab Times", brand="LabTime", state="paused"),
    ),
    has_more_consents=True,
    role_url="/admin/people/per_1/role",
    factor_url="/admin/people/per_1/factor",
    sessions_action="/admin/people/per_1/sign-out",
    deactivate_action="/admin/people/per_1/deactivate",
    reasons=(Option(value="school_policy", label="The school's policy"),),
)
PROPOSAL_STATES: tuple[ProposalState, ...] = (
    "waiting",
    "linked",
    "declined",
    "expired",
    "withdrawn",
    "ended",
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
            brakes=True,
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

partner_end = PartnerEnd(
    live_grants=1204,
    people=1180,
    takes_two=True,
    end_action="/admin/partners/quizco/end",
    reasons=reasons,
)
announced_end = replace(
    partner_end, end_action="", ends_at=NOW + 70_000, call_off_action="/admin/partners/quizco/call-off"
)
waiting = AdminWaitingView(
    chrome=officer,
    doors=doors,
    section="waiting",
    rows=(
        WaitingRow(
            url="/admin/waiting/wai_1",
            title="Another role for an account",
            asked_by="administrator per_8Zk1aQ…",
            asked_at=NOW - 3600,
            expires_at=NOW + 6 * DAY,
            state="waiting",
        ),
        *(
            WaitingRow(
                url=f"/admin/waiting/wai_{state}",
                title="Another role for an account",
                asked_by="the command line (alice)",
                asked_at=NOW - 9 * DAY,
                expires_at=NOW - 2 * DAY,
                state=state,
            )
            for state in WAITING_ENDS
        ),
    ),
)
waiting_act = AdminWaitingActView(
    chrome=officer,
    doors=doors,
    section="waiting",
    title="Another role for an account",
    facts=(
        Fact(label="Account", value="per_1LmN0pQrStUvWxYz012345"),
        Fact(label="Role now", value="Support"),
        Fact(label="New role", value="Privacy officer"),
    ),
    about_url="/admin/partners/quizco",
    why="Takes over from a colleague on 1 June",
    asked_by="administrator per_8Zk1aQ…",
    asked_at=NOW - 3600,
    expires_at=NOW + 6 * DAY,
    state="waiting",
    content="c0ffee",
    approve_action="/admin/waiting/wai_1/approve",
    refuse_action="/admin/waiting/wai_1/refuse",
)
factor = AdminFactorView(
    chrome=officer,
    doors=doors,
    section="people",
    person="per_Zx81Lm…",
    role="School admin",
    action="/admin/people/per_1/factor",
)
role = AdminRoleView(
    chrome=officer,
    doors=doors,
    section="people",
    person="per_1LmN0p…",
    role="Support",
    roles=(
        Option(value="auditor", label="Auditor"),
        Option(value="privacy_officer", label="Privacy officer"),
    ),
    action="/admin/people/per_1/role",
)

PARTNERS: tuple[tuple[str, ShownPartnerState], ...] = (
    ("QuizCo", "review"),
    ("CampusPress", "live"),
    ("LabTime", "paused"),
    ("NoteMill", "draft"),
    ("Folio", "ended"),
)
SAMPLES: dict[str, tuple[str, View]] = {
    "admin_home": (
        "admin_home",
        AdminHomeView(chrome=officer, doors=doors, role="privacy officer", organisation="Campus Video"),
    ),
    "admin_home.without_factor": (
        "admin_home",
        AdminHomeView(
            chrome=replace(officer, factor_until=NOW + 3 * DAY),
            doors=doors,
            role="platform admin",
            organisation="Campus Video",
            without_factor=(
                WithoutFactor(
                    person="per_hV2kQ9…",
                    role="Platform admin",
                    organisation="Campus Video",
                    until=NOW + 3 * DAY,
                    is_you=True,
                ),
                WithoutFactor(
                    person="per_Zx81Lm…", role="School admin", organisation="Lakeside University College"
                ),
            ),
        ),
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
                for brand, state in PARTNERS
            ),
        ),
    ),
    "admin_partners.none": (
        "admin_partners",
        AdminPartnersView(chrome=officer, doors=doors, section="partners", rows=()),
    ),
    "admin_partner": ("admin_partner", partner_page),
    "admin_partner.unread": (
        "admin_partner",
        replace(
            partner_page,
            errors=(
                FieldError(
                    field="text-offer-0-benefit",
                    message="Read this text, and tick that you have: offer[0].benefit",
                ),
                FieldError(
                    field="texts",
                    message="Read every text that people will read, and tick that you have.",
                ),
            ),
        ),
    ),
    "admin_partner.braked": (
        "admin_partner",
        replace(
            partner_page,
            state="paused",
            texts=None,
            is_braked=True,
            complaints_url="/admin/complaints?partner=quizco",
            moves=(StateMove(kind="resume", action="/admin/partners/quizco/resume"),),
        ),
    ),
    "admin_partner.live": (
        "admin_partner",
        replace(
            partner_page,
            state="live",
            texts=None,
            risks=(),
            offers=(replace(partner_page.offers[0], changes=()),),
            moves=(
                StateMove(
                    kind="pause",
                    action="/admin/partners/quizco/pause",
                    reasons=(replace(reasons[0], chosen=True), *reasons[1:]),
                ),
            ),
            end=partner_end,
            secret=ShownSecret(client_id="quizco-web", secret="cg_cs_made-up"),
        ),
    ),
    "admin_partner.paused": (
        "admin_partner",
        replace(
            partner_page,
            state="paused",
            texts=None,
            events=(),
            moves=(StateMove(kind="resume", action="/admin/partners/quizco/resume"),),
            errors=(FieldError(field="", message="Choose a reason before you end it."),),
        ),
    ),
    "admin_partner.draft": (
        "admin_partner",
        replace(
            partner_page,
            state="draft",
            moves=(StateMove(kind="review", action="/admin/partners/quizco/review"),),
        ),
    ),
    "admin_partner.stale": (
        "admin_partner",
        replace(
            partner_page,
            moves=tuple(
                StateMove(
                    kind=kind, action=f"/admin/partners/quizco/{kind}", reauthenticate_url="/reauthenticate"
                )
                for kind in ("approve", "resume")
            ),
        ),
    ),
    "admin_partner.end": (
        "admin_partner",
        replace(
            partner_page,
            state="live",
            moves=(),
            end=replace(partner_end, more_grants=True, more_people=True, people=10_000, takes_two=False),
        ),
    ),
    "admin_partner.end_stale": (
        "admin_partner",
        replace(partner_page, state="live", end=replace(partner_end, reauthenticate_url="/reauthenticate")),
    ),
    "admin_partner.ending": (
        "admin_partner",
        replace(partner_page, state="paused", moves=(), end=announced_end),
    ),
    "admin_partner.ending_stale": (
        "admin_partner",
        replace(
            partner_page,
            state="paused",
            moves=(),
            end=replace(announced_end, reauthenticate_url="/reauthenticate"),
        ),
    ),
    "admin_partner.ending_reader": (
        "admin_partner",
        replace(partner_page, state="paused", moves=(), end=replace(announced_end, call_off_action="")),
    ),
    "admin_partner.second": (
        "admin_partner",
        replace(
            partner_page,
            wishes=(
                PartnerWish(title="A partner goes live", url="/admin/waiting/wai_1", asked_at=NOW - 3600),
                PartnerWish(title="A partner ends for good", url="/admin/waiting/wai_2", asked_at=NOW - 600),
            ),
            moves=(),
            reject=RejectionForm(action="/admin/partners/quizco/reject", hidden=(("manifest", "8"),)),
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
    "admin_guardians.begun": (
        "admin_guardians",
        replace(
            guardians,
            proposals=tuple(
                ProposalRow(
                    child=f"per_{state}…",
                    method="By documents",
                    evidence="Enrolment form LK-2026-0412",
                    state=state,
                    asked_at=NOW - 3 * DAY,
                    until=NOW + 27 * DAY,
                )
                for state in PROPOSAL_STATES
            ),
        ),
    ),
    "admin_guardians.refused": (
        "admin_guardians",
        replace(
            guardians,
            given={"child": "meera@northfield.example", "evidence": "Folder 12"},
            errors=(FieldError(field="guardian", message="They are linked already."),),
        ),
    ),
    "admin_people": ("admin_people", people),
    "admin_people.refused": (
        "admin_people",
        replace(
            people,
            report=ImportSummary(
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
            report=ImportSummary(created=2, known=0, rows=()),
        ),
    ),
    "admin_people.waiting": (
        "admin_people",
        replace(people, report=ImportSummary(created=1, known=0, waiting=2, rows=())),
    ),
    "admin_people.to_second": (
        "admin_people",
        replace(people, report=ImportSummary(created=0, known=2, to_second=2, rows=())),
    ),
    "admin_people.stale": ("admin_people", replace(people, reauthenticate_url="/reauthenticate")),
    "admin_people.found_none": ("admin_people", replace(people, accounts=(), asked=True)),
    "admin_person": ("admin_person", person),
    "admin_person.invited": (
        "admin_person",
        replace(
            person,
            state="invited",
            consents=(),
            has_more_consents=False,
            role_url="",
            factor_url="",
            sessions_action="",
            deactivate_action="",
            invite_action="/admin/people/per_1/invite",
        ),
    ),
    "admin_person.stale": (
        "admin_person",
        replace(
            person,
            reauthenticate_url="/reauthenticate",
            state="invited",
            invite_action="/admin/people/per_1/invite",
            deactivate_action="",
            role_url="",
            factor_url="",
            sessions_action="",
        ),
    ),
    "admin_person.deactivated": (
        "admin_person",
        replace(
            person,
            state="deactivated",
            sessions_action="",
            deactivate_action="",
            reactivate_action="/admin/people/per_1/reactivate",
            errors=(FieldError(field="reason", message="Choose a reason."),),
        ),
    ),
    "admin_person.powers": (
        "admin_person",
        replace(
            person,
            state="deactivated",
            consents=(),
            has_more_consents=False,
            sessions_action="",
            deactivate_action="",
            reactivate_action="/admin/people/per_1/reactivate",
            takes_two=True,
        ),
    ),
    "admin_person.nothing": (
        "admin_person",
        replace(person, state="closed", role_url="", factor_url="", sessions_action="", deactivate_action=""),
    ),
    "admin_people.plain": (
        "admin_people",
        replace(people, report=ImportSummary(created=100, known=1, rows=())),
    ),
    "admin_waiting": ("admin_waiting", waiting),
    "admin_waiting.none": ("admin_waiting", replace(waiting, rows=())),
    "admin_waiting_act": ("admin_waiting_act", waiting_act),
    "admin_waiting_act.stale": (
        "admin_waiting_act",
        replace(waiting_act, reauthenticate_url="/reauthenticate"),
    ),
    "admin_waiting_act.guardian": (
        "admin_waiting_act",
        replace(
            waiting_act,
            title="An administrator as the guardian of a child",
            facts=(
                Fact(label="Child", value="per_1LmN0pQrStUvWxYz012345"),
                Fact(label="Guardian", value="l***@lakeside.example"),
                Fact(label="Where the evidence is kept", value="File 12"),
                Fact(label="How the guardian was verified", value="In person"),
                Fact(
                    label="What happens",
                    value="The guardian is an administrator, or shares an address or a phone number with one. Once you "
                    "agree, the guardian is asked, and answers for the child after saying yes.",
                ),
            ),
            about_url="",
            why="",
        ),
    ),
    "admin_waiting_act.own": (
        "admin_waiting_act",
        replace(
            waiting_act,
            approve_action="",
            refuse_action="",
            withdraw_action="/admin/waiting/wai_1/withdraw",
            in_the_way="You asked for this yourself. Somebody else has to agree.",
        ),
    ),
    "admin_waiting_act.done": (
        "admin_waiting_act",
        replace(
            waiting_act,
            approve_action="",
            refuse_action="",
            why="",
            state="approved",
            decided_by="administrator per_1LmN0p…",
            decided_at=NOW - 60,
        ),
    ),
    "admin_factor": ("admin_factor", factor),
    "admin_factor.stale": ("admin_factor", replace(factor, reauthenticate_url="/reauthenticate")),
    "admin_role": ("admin_role", role),
    "admin_role.stale": ("admin_role", replace(role, reauthenticate_url="/reauthenticate")),
}
