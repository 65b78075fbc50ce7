"""Which person a partner may recognise before the person agrees in the present request (decision 0061)."""

from gateway.model.grants import Grant, GrantState, ReasonCode


def may_recognise(grant: Grant | None, now: int) -> bool:
    """Tell whether a grant stands by which its partner may find out that its person is there.

    The grant runs, or waits only for an answer to new terms. A person who stopped, paused, refused or only
    wished for it looks like one whom the partner never met.
    """
    if grant is None:
        return False
    is_asked_anew = grant.state is GrantState.PAUSED and grant.paused_for is ReasonCode.NOTICE_CHANGED
    return (grant.state is GrantState.ACTIVE or is_asked_anew) and now < grant.ends_at
