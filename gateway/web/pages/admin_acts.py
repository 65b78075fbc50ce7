"""Routes of administrators' acts: the table of acts is asked before anything else in the form is read."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.model.administration.acts import ACTS, AdminAct
from gateway.web.pages.administrating import password_first
from gateway.web.pages.visit import PageHandler, Visit, see_other, signed_in_page


class ActRoute(Route):
    """The route that an act is posted to."""

    def __init__(self, path: str, act: AdminAct, answer: PageHandler, *, back: str) -> None:
        """Put the rule of an act before what answers it.

        Args:
            back: the page that the step-up leads back to, with the places of the path; what was typed is not kept.
        """
        self.act = act
        super().__init__(path, signed_in_page(_ruled(act, answer, back)), methods=["POST"])


def _ruled(act: AdminAct, answer: PageHandler, back: str) -> PageHandler:
    async def ruled(visit: Visit) -> Response:
        power = ACTS[act].power
        if power is not None:
            visit.check_power(power)
        away = step_up_first(visit, act, back.format(**visit.request.path_params))
        return see_other(away) if away else await answer(visit)

    return ruled


def step_up_first(visit: Visit, act: AdminAct, back: str) -> str:
    """Give the address where the password is asked for, if the act takes it and it was given too long ago."""
    return password_first(visit, back) if ACTS[act].steps_up else ""
