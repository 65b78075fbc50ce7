"""A witness over HTTP (C2SP tlog-witness): one address, for logs and not for people."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.actions.ledger.witness import Witness
from gateway.kit.errors import Refusal
from gateway.ledger.witness import NotCosigned
from gateway.web.server.bodies import read_body

SIZE_TYPE = "text/x.tlog.size"


def witness_app(witness: Witness) -> Starlette:
    """Make the application."""

    async def add_checkpoint(request: Request) -> Response:
        """Cosign a checkpoint, or say why not; a witness that knows another size answers it with 409."""
        try:
            text = (await read_body(request)).decode()
            return PlainTextResponse(witness.add(text))
        except NotCosigned as error:
            if error.known is not None:
                return Response(f"{error.known}\n", error.status, media_type=SIZE_TYPE)
            return PlainTextResponse(f"{error}\n", error.status)
        except (Refusal, UnicodeDecodeError):
            return PlainTextResponse("not an add-checkpoint request\n", 400)

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])
