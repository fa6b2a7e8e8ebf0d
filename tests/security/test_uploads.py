"""No form, whatever it is for, writes what a stranger uploads to the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.live_server import LiveEvently, Web
from tests.security.attack import raw_sockets, read_all
from tests.security.test_bodies import answer_of

FORMS = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/admin/login/",
    "/i18n/setlang/",
    "/developers/token",
    "/anymail/sendgrid/tracking/",
    "/nothing/is/here/",
    "/api/v1/auth/login",
]
BOUNDARY = "--------------------------d74496d66958873e"
PART = (
    f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=file; filename=a.bin\r\n"
    "Content-Type: application/octet-stream\r\n\r\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("uploads")
    return made


@pytest.fixture(scope="module")
def web(evently: LiveEvently, folder: Path) -> Iterator[Web]:
    """A server whose temporary files lie in a folder of the test's own."""
    evently.heal()
    evently.forget_limits()
    with evently.another_web(TMPDIR=str(folder)) as web:
        yield web


def temporary_files(web: Web, folder: Path) -> list[str]:
    """Those in the folder, and those that the server has open there and removed already."""
    opened = Path(f"/proc/{web.pid}/fd")
    targets = [str(link.readlink()) for link in opened.iterdir() if link.is_symlink()]
    return [
        *map(str, folder.iterdir()),
        *(name for name in targets if name.startswith(str(folder))),
    ]


def upload(path: str, size: int, *, chunked: bool) -> bytes:
    head = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode()


@pytest.mark.parametrize("path", FORMS)
def test_an_upload_of_a_hundred_megabytes_is_refused_before_it_is_read(
    web: Web, folder: Path, path: str
) -> None:
    with raw_sockets(web.port, 1, upload(path, 109 * 2**20, chunked=False)) as [connection]:
        status, headers, _ = answer_of(read_all(connection))
    assert (status, headers["connection"]) == (413, "close")
    assert temporary_files(web, folder) == []


def test_an_upload_that_hides_its_size_is_cut_off(web: Web, folder: Path) -> None:
    body = PART.encode() + b"x" * (2**20 - len(PART)) + b"y"
    with raw_sockets(web.port, 1, upload("/accounts/login/", 0, chunked=True)) as [connection]:
        connection.sendall(b"%x\r\n%b\r\n" % (len(body), body))
        status, _, _ = answer_of(read_all(connection))
    assert status == 413
    assert temporary_files(web, folder) == []


def test_what_is_allowed_stays_in_memory(web: Web, folder: Path) -> None:
    """The largest that passes; it is looked for on the disk while Django holds it."""
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert size <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    body = PART.encode() + b"x" * (size - len(PART) - len(end)) + end
    head = upload("/i18n/setlang/", len(body), chunked=False)
    with raw_sockets(web.port, 1, head + body) as [connection]:
        status = int(connection.recv(4096).split()[1])
        assert temporary_files(web, folder) == []
    assert status in {302, 403}
