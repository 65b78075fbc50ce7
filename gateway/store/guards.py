"""Guards in the database itself: what is append-only stays, and no hand-off is written against a lock."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


_GRANT_AND_SCHOOL = """
g.state <> 'active'
OR EXISTS (
    SELECT 1 FROM org_policy o
    WHERE o.organisation_id = p.organisation_id AND o.partner_id = g.partner_id AND o.decision <> 'allow'
)
OR p.needs_guardian <> (g.legal_basis = 'guardian_consent')
"""
_ANSWERED = """
    SELECT 1 FROM approval a JOIN guardian_link l ON l.guardian_id = a.decided_by AND l.state = 'active'
    JOIN person q ON q.person_id = l.guardian_id
    WHERE l.child_id = g.person_id AND a.kind = 'guardian' AND a.target_id = g.person_id || ':' || g.offer_id
    AND a.decision = """
_MAY_ANSWER = """
    AND q.is_adult AND NOT q.needs_guardian AND (l.is_seconded OR NOT (
        q.role IN ('auditor', 'partner_manager', 'platform_admin', 'privacy_officer', 'support')
        OR (q.role = 'school_admin' AND q.organisation_id = p.organisation_id)
    ))"""
LOCKED_AT_FIRST = f"""{_GRANT_AND_SCHOOL}
OR (p.needs_guardian AND NOT EXISTS ({_ANSWERED}'allow'))
OR (p.needs_guardian AND EXISTS ({_ANSWERED}'deny'))
"""
"""What the guard looked for before a guardian had to be of age, and no administrator of the child's own."""
LOCKED = f"""{_GRANT_AND_SCHOOL}
OR (p.needs_guardian AND NOT EXISTS ({_ANSWERED}'allow'{_MAY_ANSWER}))
OR (p.needs_guardian AND EXISTS ({_ANSWERED}'deny'))
"""
"""When a hand-off may not be: `g` is its grant, `p` its person. The gate decides the same, apart from this.

A yes counts only from somebody who may answer; a no from everybody who is linked.
"""

_SQLITE_LOCKS = (
    "CREATE TRIGGER handoff_locks BEFORE INSERT ON handoff WHEN EXISTS "
    "(SELECT 1 FROM consent_grant g JOIN person p ON p.person_id = g.person_id WHERE g.grant_id = NEW.grant_id AND (",
    ")) BEGIN SELECT RAISE(ABORT, 'a lock forbids this hand-off'); END",
)
_POSTGRES_LOCKS = (
    "CREATE FUNCTION refuse_locked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS "
    "(SELECT 1 FROM added n JOIN consent_grant g ON g.grant_id = n.grant_id "
    "JOIN person p ON p.person_id = g.person_id WHERE ",
    ") THEN RAISE EXCEPTION 'a lock forbids this hand-off' USING ERRCODE = 'restrict_violation'; "
    "END IF; RETURN NULL; END $$",
)
_POSTGRES_TRIGGER = (
    "CREATE TRIGGER handoff_locks AFTER INSERT ON handoff REFERENCING NEW TABLE AS added "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_locked()"
)


def add_lock_guard(connection: Connection, locked: str = LOCKED) -> None:
    """Refuse rows of the hand-off log that school, guardian or the grant's state forbid (promises P9, P13).

    On PostgreSQL one look for a whole batch of rows.

    Args:
        locked: the condition; a migration of old names the one of its time.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(text(locked.join(_SQLITE_LOCKS)))
        return
    connection.execute(text(locked.join(_POSTGRES_LOCKS)))
    connection.execute(text(_POSTGRES_TRIGGER))


_MAY_NOT_VIEW = """NOT EXISTS (
    SELECT 1 FROM contact c JOIN person a ON a.person_id = c.asker_id JOIN person b ON b.person_id = c.asked_id
    WHERE c.contact_id = NEW.contact_id AND c.event_id = NEW.event_id AND c.state = 'live'
    AND NOT a.needs_guardian AND NOT b.needs_guardian AND NEW.giver_id IN (a.person_id, b.person_id)
    AND NEW.viewer_id IN (a.person_id, b.person_id) AND NEW.viewer_id <> NEW.giver_id
)"""
"""When somebody may not look at a contact's details. The gate decides the same, apart from this."""


def add_view_guard(connection: Connection) -> None:
    """Refuse looks at somebody's details by anybody except the other of a live contact (promise P2)."""
    if connection.dialect.name == "sqlite":
        connection.execute(
            text(
                f"CREATE TRIGGER contact_view_locks BEFORE INSERT ON contact_view WHEN {_MAY_NOT_VIEW} "
                "BEGIN SELECT RAISE(ABORT, 'a lock forbids this look'); END"
            )
        )
        return
    connection.execute(
        text(
            "CREATE FUNCTION refuse_view() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {_MAY_NOT_VIEW} THEN "
            "RAISE EXCEPTION 'a lock forbids this look' USING ERRCODE = 'restrict_violation'; "
            "END IF; RETURN NEW; END $$"
        )
    )
    connection.execute(
        text(
            "CREATE TRIGGER contact_view_locks BEFORE INSERT ON contact_view "
            "FOR EACH ROW EXECUTE FUNCTION refuse_view()"
        )
    )


def drop_view_guard(connection: Connection) -> None:
    """Take the guard of contacts' looks away, for a migration down."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TRIGGER contact_view_locks"))
        return
    connection.execute(text("DROP TRIGGER contact_view_locks ON contact_view"))
    connection.execute(text("DROP FUNCTION refuse_view()"))


def drop_lock_guard(connection: Connection) -> None:
    """Take the guard of the hand-off log away, for a migration down."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TRIGGER handoff_locks"))
        return
    connection.execute(text("DROP TRIGGER handoff_locks ON handoff"))
    connection.execute(text("DROP FUNCTION refuse_locked()"))


def add_guards(connection: Connection, tables: Sequence[str]) -> None:
    """Guard tables against UPDATE and DELETE, on PostgreSQL against TRUNCATE too."""
    for statement in _guards(connection.dialect.name, tables):
        connection.execute(text(statement))


_IS_ARCHIVED = """EXISTS (
    SELECT 1 FROM log_leaf JOIN log_archive ON sequence >= first_leaf AND sequence < end_leaf
    WHERE source_id = OLD.handoff_id
) AND EXISTS (
    SELECT 1 FROM consent_grant WHERE grant_id = OLD.grant_id
    AND coalesce(ended_at, valid_until) < (SELECT max(before_at) FROM log_archive)
)"""
# The last leaf tells the log's size, so it always stays.
_IS_ROWLESS = """OLD.kind = 'handoff' AND OLD.sequence < (SELECT max(sequence) FROM log_leaf) AND EXISTS (
    SELECT 1 FROM log_archive WHERE OLD.sequence >= first_leaf AND OLD.sequence < end_leaf
) AND NOT EXISTS (SELECT 1 FROM handoff WHERE handoff_id = OLD.source_id)"""
PRUNABLE = {"handoff": _IS_ARCHIVED, "log_leaf": _IS_ROWLESS}
"""What lets a row of a guarded table go: an archive whose digest is on record holds it, and its grant is over."""


def add_prunable_guards(connection: Connection) -> None:
    """Guard the two tables that archiving empties: nothing changes, and only what is archived can go."""
    for table, condition in PRUNABLE.items():
        for statement in _prunable_guards(connection.dialect.name, table, condition):
            connection.execute(text(statement))


def _prunable_guards(dialect: str, table: str, condition: str) -> Iterator[str]:
    if dialect == "sqlite":
        yield f"DROP TRIGGER {table}_no_delete"
        yield (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT ({condition}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    yield f"""
CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF {condition} THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$"""
    yield f"DROP TRIGGER {table}_append_only ON {table}"
    yield (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_change_of_{table}()"
    )


def drop_prunable_guards(connection: Connection) -> None:
    """Put the plain guards back, for a migration down."""
    drop_triggers(connection, tuple(PRUNABLE))
    if connection.dialect.name != "sqlite":
        for table in PRUNABLE:
            connection.execute(text(f"DROP FUNCTION refuse_change_of_{table}()"))
    add_guards(connection, tuple(PRUNABLE))


def drop_guards(connection: Connection, tables: Sequence[str]) -> None:
    """Take the last guards away, for a migration down to nothing."""
    drop_triggers(connection, tables)
    if connection.dialect.name != "sqlite":
        connection.execute(text("DROP FUNCTION refuse_change()"))


def drop_triggers(connection: Connection, tables: Sequence[str]) -> None:
    """Take the guards of some tables away, for a migration down."""
    for table in tables:
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER {table}_no_update"))
            connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
        else:
            connection.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
            connection.execute(text(f"DROP TRIGGER {table}_no_truncate ON {table}"))


def _guards(dialect: str, tables: Sequence[str]) -> Iterator[str]:
    if dialect == "sqlite":
        for table in tables:
            for verb in ("UPDATE", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    yield _POSTGRES_FUNCTION
    for table in tables:
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
