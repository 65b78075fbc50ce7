"""The sentences that people read: about their own answer, about problems, and the names of fields."""

from .sharing import Sharing, State

# Problems that stop a request before anything happens; also pages of their own.
PROBLEMS = {
    "wrong_state": (
        "This answer does not belong to anything that was started in this browser, or it was used already. "
        "We did not use it, and nothing new was shared."
    ),
    "wrong_issuer": "This answer did not come from your school's consent page. We did not use it.",
    "no_code": "The answer held neither a permission nor a reason. We did not use it.",
    "other_origin": "This request came from another site, so we did nothing.",
    "not_found": "There is nothing at this address.",
}

_ERRORS = {
    "unavailable": "The school's consent page does not answer right now. Please try again later.",
    "not_believed": "We could not be sure that the answer was from your school for you, so we threw it away.",
    "temporarily_unavailable": "The school's consent page is busy right now. Please try again in a moment.",
    "server_error": "Something went wrong on the school's consent page. Please try again later.",
    "login_required": "You were not logged in at your school, so nothing was shared.",
    "consent_required": "Your school wants to ask you first, so nothing was shared.",
    "invalid_client": "Your school's platform does not let us read anything at the moment.",
    "consent_paused": (
        "We can read nothing new for now. We keep what we have until sharing goes on, and delete it if it ends."
    ),
    "disconnected": "You are disconnected. We gave our access back and deleted what we had received.",
}

_HEARD = {
    "logout": "You signed out at your school. What you share with us stays as it is.",
    "deletion": "You asked us to delete what we had received, and we have.",
}

LABELS = {
    "name": "Name",
    "given_name": "First name",
    "family_name": "Family name",
    "email": "E-mail",
    "email_verified": "E-mail was verified",
    "alternate_email": "Other e-mail",
    "phone_number": "Phone",
    "phone_number_verified": "Phone was verified",
    "address": "Address",
    "locale": "Language",
    "picture": "Picture",
    "role": "Role",
    "course": "Course",
    "organisation": "School",
    "student_status": "Student status",
    "updated_at": "Last changed",
}


def headline(sharing: Sharing, brand: str, default: str) -> str:
    """The page's first heading."""
    if sharing.state is State.CONNECTED:
        name = sharing.received.get("name")
        return f"Welcome, {name}" if name else f"You are connected to {brand}"
    if sharing.state is State.ENDED and sharing.problem == "expired":
        return "Our access has run out"
    return {
        State.NONE: default,
        State.PAUSED: "Sharing is paused",
        State.DECLINED: "You said no \N{EM DASH} nothing was shared",
        State.ENDED: "The person has stopped sharing",
        State.FAILED: "That did not work \N{EM DASH} nothing was shared",
    }[sharing.state]


def problem_sentence(sharing: Sharing, brand: str) -> str:
    """What happened, in one or two sentences; empty when all is well."""
    if sharing.state is State.DECLINED:
        return f"That is fine. {brand} works without it, and we will not ask you again."
    if sharing.state is State.ENDED:
        if sharing.problem == "expired":
            return f"{brand} asked for one look only. It has deleted its copy; you can connect again."
        return f"{brand} can no longer read anything, and has deleted its own copy of what it had received."
    if not sharing.problem:
        return _HEARD[sharing.heard[-1]] if sharing.heard else ""
    fallback = f"{brand} and the consent page did not understand each other. That is not your fault."
    return _ERRORS.get(sharing.problem, fallback)


def field_label(claim: str) -> str:
    """A claim's name for people; one we do not know is shown by its own name."""
    return LABELS.get(claim) or claim.replace("_", " ").capitalize()
