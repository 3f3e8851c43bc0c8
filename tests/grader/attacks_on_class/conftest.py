"""One class with every attack, graded by the real command, and parts of it once more."""

import socket
import uuid

import pytest
from grading_run import end_leftovers, run_grade, servers
from hostile_class import ATTACKS, HANDFUL, TWICE, Places, furnish


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The whole class, graded at the default level of isolation."""
    yield from _graded(tmp_path_factory.mktemp("hostile"), ATTACKS, True)


@pytest.fixture(scope="session", params=["none"])
def graded_at_level(request, tmp_path_factory):
    """A part of the class, graded with limits alone."""
    root, options = tmp_path_factory.mktemp(request.param), ("--isolation", request.param)
    for result in _graded(root, HANDFUL, False, *options):
        if "is not available on this machine" in result.output:
            pytest.skip(f"no level {request.param} here: {result.output}")
        yield result


@pytest.fixture(scope="session")
def graded_again(tmp_path_factory):
    """A few of the class, in another place."""
    yield from _graded(tmp_path_factory.mktemp("again"), TWICE, False)


def _graded(root, attacks, with_files, *options):
    token = f"token-{uuid.uuid4().hex}"
    secret = f"secret-{uuid.uuid4().hex}"
    places = Places(root)
    with servers(root, token) as (told, heard):
        told |= {"token": token, "home": str(root)}
        furnish(places, told, attacks, with_files=with_files)
        result = run_grade(places, token, heard, secret, *options)
    yield result
    end_leftovers(token)


@pytest.fixture
def called_servers(tmp_path):
    """What the servers of the tests hear of a caller that nothing keeps out."""
    token = f"token-{uuid.uuid4().hex}"
    with servers(tmp_path, token) as (told, heard):
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", told["port"])),
            (socket.AF_UNIX, told["unix_socket"]),
            (socket.AF_UNIX, f"\0{token}-sockets-"),
        ):
            with socket.socket(family) as caller:
                caller.connect(address)
                assert caller.recv(5) == b"hello"
        yield heard
