"""How an answer is sent: in how many packets, and when."""

import socket
import struct

from tests.server.bare import GET, bare_server, read_to_end

# The data segments that came in, by the kernel (`tcpi_data_segs_in` of struct tcp_info).
DATA_SEGMENTS_IN = struct.Struct("152xI")


def test_a_small_answer_is_one_packet() -> None:
    with bare_server() as server, server.connect(GET) as client:
        assert client.recv(1, socket.MSG_PEEK)
        read_to_end(client)
        (segments,) = DATA_SEGMENTS_IN.unpack(
            client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_IN.size)
        )
    assert segments == 1


def test_a_head_does_not_wait_for_a_body_that_comes_late() -> None:
    with bare_server() as server, server.connect(GET.replace(b"/ ", b"/late ")) as client:
        head = client.recv(65_536)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert b"/late" in read_to_end(client)


def test_a_head_without_a_body_comes_too() -> None:
    with bare_server() as server, server.connect(GET.replace(b"GET", b"HEAD")) as client:
        assert read_to_end(client).startswith(b"HTTP/1.1 200 OK\r\n")
