"""What was done with a partner, in words."""

from gateway.actions.partners.overview import SeenPartner
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.web.pages import views
from gateway.web.pages.administrating import actor_words
from gateway.web.pages.formats import later, say
from gateway.web.pages.reason_words import reason_choice
from gateway.web.partners.views import BRAKED

ACT_WORDS = {
    "review_partner": later("Sent to review"),
    "return_partner": later("Returned to draft"),
    "pause_partner": later("Paused for everyone"),
    "resume_partner": later("Resumed"),
    "announce_end": later("The end for good is announced"),
    "call_off_end": later("The end was called off"),
    "end_partner": later("Ended for good"),
    "ask_for_second": later("A second person was asked"),
    "approve_as_second": later("A second person agreed"),
    "refuse_as_second": later("A second person refused"),
    "withdraw_request": later("The request was taken back"),
    "request_ran_out": later("Nobody agreed in time"),
    "break_glass": later("Done by one person alone, with broken glass"),
    "retire_client": later("A client was retired"),
    "client_left": later("A client left"),
    "approve_partner": later("Approved"),
    "reject_manifest": later("Rejected"),
    "say_yes_to_manifest": later("Approved; a second administrator has to as well"),
    "new_client_secret": later("New client secret"),
    "new_registration_token": later("New registration token"),
    "allow_neither": later("Neither PKCE nor a nonce needed"),
    "allow_nonce": later("A nonce allowed instead of PKCE"),
    "demand_pkce": later("PKCE demanded again"),
    BRAKED: later("Paused after complaints about advertising"),
    "gate_allow": later("Opened at a school"),
    "gate_ask": later("On request at a school"),
    "gate_deny": later("Closed at a school"),
}
ABOUT_WORDS = {"manifest": later("manifest"), "client": later("client"), "why": later("because:")}


def events(seen: SeenPartner) -> tuple[views.Event, ...]:
    """Tell what was done and handed in, the newest first."""
    handed_in = [
        views.Event(
            at=each.submitted_at,
            what=say("Manifest %(version)s handed in", version=each.version),
            actor=actor_words(each.submitted_by),
        )
        for each in seen.record.manifests
    ]
    acts = [_event(each) for each in reversed(seen.actions)]
    return tuple(sorted(acts + handed_in, key=lambda event: event.at, reverse=True))


def _event(action: AdminAction) -> views.Event:
    about = [
        f"{say(ABOUT_WORDS[name])} {value}" for name, value in action.detail.items() if name in ABOUT_WORDS
    ]
    what = say(ACT_WORDS[action.action])
    return views.Event(
        at=action.at,
        what=": ".join([what, *about]),
        actor=actor_words(action.actor_id),
        reason=reason_choice(ReasonCode(action.reason)) if action.reason else "",
    )
