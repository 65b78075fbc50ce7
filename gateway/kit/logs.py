"""Structured logs: one JSON object a line, never a personal value, never a token."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from gateway.kit.ids import SECRET_BYTES

_SECRET = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(SECRET_BYTES)))})[A-Za-z0-9_-]{{6,}}")


def configure_logs(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Set up structlog and the standard library's loggers; a last net cuts out anything shaped like our secrets."""
    target = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _name_the_exception,
            structlog.processors.JSONRenderer(),
            _cut_secrets,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    foreign = logging.StreamHandler(target)
    foreign.setFormatter(_CutSecrets("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[foreign], level=max(level, logging.WARNING), force=True)
    # Authlib prints live tokens at DEBUG (trap 10 of the protocol notes), so it stays above whatever the level is.
    logging.getLogger("authlib").setLevel(logging.WARNING)


def log() -> Any:
    """Give the logger; bind the request's id with `structlog.contextvars`."""
    return structlog.get_logger()


class _CutSecrets(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _SECRET.sub("[secret]", super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        """Other people's code logs exceptions with their text, which can quote a row or a form."""
        error: BaseException | None = ei[1]
        return "" if error is None else "\n".join([error.__class__.__name__, *_trace(error)])


def _name_the_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Log where an exception came from, not its text: a driver's message can quote a row."""
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error"] = error.__class__.__name__
        event["trace"] = _trace(error)
    return event


def _trace(error: BaseException) -> list[str]:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-12:]


def _cut_secrets(_: Any, __: str, line: Any) -> str:
    """Cut what looks like a secret out of the finished line, however deep it stood."""
    return _SECRET.sub("[secret]", line)
