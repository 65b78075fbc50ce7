"""The command ``consent-gateway``, also as ``python -m gateway``."""

import gc


def main() -> None:
    """Run one command; it ends the process with its exit status."""
    # Imports make no garbage worth looking for, and looking takes a seventh of a start. `prepare` ends it.
    gc.disable()
    from gateway.cli.commands import app

    app(prog_name="consent-gateway")


if __name__ == "__main__":
    main()
