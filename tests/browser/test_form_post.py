"""OAuth 2.0 Form Post Response Mode in a real browser: the policy lets the form go to the partner, nowhere else."""

from urllib.parse import parse_qs, urlencode

from playwright.sync_api import Request, Route, expect

from tests.browser.visitor import Visitor
from tests.world import CHALLENGE


def test_the_answer_is_posted_to_the_partner_by_a_press(asha: Visitor) -> None:
    """The code is in no address; the form says that it comes from us, without saying from which page."""
    callback = f"{asha.app}/quizco/callback"
    came: list[Request] = []

    def take(route: Route) -> None:
        came.append(route.request)
        route.fulfill(status=200, content_type="text/html", body="<h1>Taken</h1>")

    asha.page.route(callback, take)
    request = {
        "response_type": "code",
        "response_mode": "form_post",
        "client_id": "quizco-web",
        "redirect_uri": callback,
        "scope": "openid profile",
        "state": 'st-1"<&',
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    asha.go(f"/authorize?{urlencode(request)}")
    asha.sign_in()
    asha.share()
    asha.heading("Back to QuizCo")
    asha.press("Go back to QuizCo")
    expect(asha.page.get_by_role("heading", level=1)).to_have_text("Taken")
    [posted] = came
    assert (posted.method, posted.url) == ("POST", callback)
    answer = parse_qs(posted.post_data or "", strict_parsing=True)
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ([request["state"]], [asha.gateway.url])
    headers = posted.all_headers()
    assert headers["origin"] == asha.gateway.url
    assert headers["referer"] == f"{asha.gateway.url}/"
