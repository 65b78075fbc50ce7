"""What can go wrong between us and the gateway, in three kinds that pages tell apart."""


class GatewayUnavailableError(Exception):
    """No usable answer: it is down, slow, busy, or spoke something else. The text is for our log only."""


class GatewayRefusedError(Exception):
    """An OAuth error answer (RFC 6749 §5.2, RFC 6750 §3.1); `error` is its code."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class AnswerNotBelievedError(Exception):
    """An answer that came, but that we must not use: a bad ID token, or values of another person."""
