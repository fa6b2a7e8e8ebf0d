"""A running server for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.live_server import LiveEvently


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEvently]:
    """Evently as a process, with servers of its own; its tokens outlive the longest test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCESS_TOKEN_MINUTES", "600")
        patch.setenv("INSECURE_COOKIES", "yes")
        with LiveEvently(tmp_path_factory.mktemp("live")) as running:
            yield running
