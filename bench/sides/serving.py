"""The server program that all sides share, for those that are not Evently."""

import argparse

from evently.server import serve
from evently.server.connections import Limits


def serve_from_command_line(application: str) -> None:
    """Serve it as `--host`, `--port` and `--workers` say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    # All who ask come from one address.
    serve(application=application, limits=Limits(per_address=None), **vars(parser.parse_args()))
