"""Command line: `python -m deploy.sample_partner --config partner.json --port 8100`, or the folder itself."""

import argparse
import logging
import runpy
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Read the configuration and serve until interrupted; 2 means that the configuration is wrong."""
    # Imported here, because this file also runs as a plain folder, where relative imports do not exist yet.
    import uvicorn

    from .app import create_app
    from .config import ConfigError, load_config

    options = _options(arguments)
    try:
        config = load_config(options.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # Authlib and its HTTP client print live tokens and codes when they debug, so they stay above that level.
    for name in ("authlib", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    print(f"Sample partner application on {config.base_url}, asking {config.issuer}", flush=True)
    # uvicorn's access log would hold the query of the callback, and with it the authorization code.
    uvicorn.run(
        create_app(config),
        host=options.host,
        port=options.port or config.port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sample_partner", description="A sample partner application.")
    parser.add_argument(
        "--config", type=Path, required=True, help="JSON file, see the README next to this file"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the port of base_url)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    if __package__:
        sys.exit(main(sys.argv[1:]))
    # Started as `python deploy/sample_partner`: start again as a package, so that its imports work.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    runpy.run_module("sample_partner", run_name="__main__")
