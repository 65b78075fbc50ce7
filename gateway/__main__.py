"""The command ``consent-gateway``, also as ``python -m gateway``."""

from gateway.cli.commands import app


def main() -> None:
    """Run one command; it ends the process with its exit status."""
    app(prog_name="consent-gateway")


if __name__ == "__main__":
    main()
