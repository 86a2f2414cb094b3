"""What runs beside the programs for ZStack."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from local import server
from resyncing import Answers


@pytest.fixture(scope="session")
def binary() -> Path:
    """The stand-in for ZStack, built once."""
    return server.build("zstack-standin")


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A webhook on a port of its own."""
    made = Answers()
    yield made
    made.server.shutdown()
    made.server.server_close()
