"""The demonstration's mail, as a page: letters that were kept as files."""

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.mail import FileMailer, KeptLetter, read_folder


def read_inbox(services: Services) -> tuple[KeptLetter, ...]:
    """Read the letters, newest first.

    Raises:
        Refusal: ``not_found`` wherever this is no demonstration.
    """
    if not services.settings.show_inbox or not isinstance(services.mailer, FileMailer):
        raise Refusal("not_found", detail="no inbox here")
    return read_folder(services.mailer.folder, services.settings.issuer)
