"""Requests wait for Django's threads in a bounded queue, and a body is never waited for there."""

from tests.live_server import LiveEvently
from tests.security.attack import Bystanders, raw_sockets

HALF_A_LOG_IN = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


def test_bodies_that_never_end_hold_no_thread(evently: LiveEvently, bystanders: Bystanders) -> None:
    with bystanders, raw_sockets(evently.port, 8, HALF_A_LOG_IN):
        bystanders.are_served()
