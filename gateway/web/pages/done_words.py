"""What a page says about what was just done, by the word in its address."""

from gateway.web.pages.formats import later

FLASHES = {
    "saved": later("Saved."),
    "off": later("Switched off. The next read no longer has it."),
    "complaint": later("Your complaint is kept. Its reference is on this page."),
    "paused": later("Paused. The next read gets nothing."),
    "shortened": later("It ends sooner now."),
    "resumed": later("It goes on as you agreed."),
    "all-stopped": later("Everything has stopped. Nothing is shared any more."),
    "asked": later("This service may ask you again."),
    "contact-asked": later("Asked. It waits in your list until there is an answer."),
    "contact-yes": later("You are contacts now."),
    "contact-no": later("Your no is kept. They are not told."),
    "contact-changed": later("Saved. It counts from their next look on."),
    "child-asks": later("The child may ask again."),
    "guardian-yes": later("Your yes is kept."),
    "guardian-no": later("Your no is kept. Nothing is shared any more."),
    "password": later("Your password is set. You can sign in now."),
    "revoked": later("Revoked. Every token of this grant has died."),
    "invited": later("A new invitation is on its way. The older ones no longer work."),
    "signed-out-person": later("The person is signed out everywhere."),
    "signed-out-there": later("Signed out there."),
    "verification": later("A link is on its way to your other address."),
    "may-export": later("You can download it now."),
    "password-changed": later("Your password is changed. Every other browser is signed out."),
    "linked": later(
        "Asked. Both get a letter. The link begins when the guardian confirms it; until then it gives nothing."
    ),
    "is-guardian": later("You are the guardian. What this child shares stands here from now on."),
    "not-guardian": later("Your no is kept. The school sees it."),
    "no-question": later("This question waits no more."),
    "unlinked": later("It has ended, and what stood on it."),
    "answered": later("The answer is kept. The person sees it beside the service."),
    "asked-second": later("Asked. Nothing changes until a second person has agreed."),
    "agreed": later("You agreed. It is done, and both of you stand in the record."),
    "not-agreed": later("You refused. Nothing was changed."),
    "withdrawn": later("Your request is taken back. Nothing was changed."),
    "ending": later("Announced. It can read nothing from now on, and ends in a day unless it is called off."),
    "called-off": later("The end is called off. Everything is as it was before."),
    "moved": later("Done. It acts from the next request on, on every node."),
}
