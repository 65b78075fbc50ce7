"""Reading an upload (RFC 7578): bounded before it is parsed, kept in memory, checked like every other form."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import is_same
from gateway.web.pages.visit import Visit, check_origin
from gateway.web.server.bodies import media_type, read_body

ENVELOPE = 16 * 1024
"""What boundaries, headers and the form's other fields may take besides the file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a browser sent; its name and type are only what the sender says, and are not used."""

    content: bytes


async def read_upload(visit: Visit, limit: int) -> Upload:
    """Read the file of a form of ours.

    Raises:
        Refusal: ``too_large``, ``too_slow``, ``bad_form``, or ``forged_form`` without the session's token.
    """
    check_origin(visit.request, visit.services.settings.issuer)
    body = await read_body(visit.request, limit + ENVELOPE)
    if media_type(visit.request) != "multipart/form-data":
        raise Refusal("bad_form", detail="not an upload")
    form = await _parse(visit, body)
    try:
        token, file = form.get("csrf_token"), form.get("file")
        if not isinstance(token, str) or not is_same(token.encode(), visit.csrf_token.encode()):
            raise Refusal("forged_form", detail="wrong csrf_token")
        if not isinstance(file, UploadFile):
            raise Refusal("bad_form", detail="no file")
        return Upload(await file.read())
    finally:
        await form.close()


async def _parse(visit: Visit, body: bytes) -> FormData:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        visit.request.headers, stream(), max_files=1, max_fields=10, max_part_size=ENVELOPE
    )
    # A file that is spooled would put people's names on a disk, unsealed.
    parser.spool_max_size = len(body) + 1
    try:
        return await parser.parse()
    except (MultiPartException, UnicodeError, ValueError):
        raise Refusal("bad_form", detail="an upload that cannot be read") from None
