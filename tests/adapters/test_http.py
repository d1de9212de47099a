"""The three pages for whoever watches the worker."""

import pytest
from aiohttp import ClientSession

from streamproc.adapters.http import Server
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.pipeline.task import TaskConfig
from streamproc.shell.settings import load


@pytest.fixture
async def served():
    """A server on a free port, its state, and a function that fetches a page."""
    state = {"ready": False}
    server = Server("127.0.0.1", 0, lambda: b"page\n", lambda: state["ready"])
    await server.start()
    async with ClientSession() as session:

        async def get(path):
            async with session.get(f"http://127.0.0.1:{server.port}{path}") as answer:
                return answer.status, answer.headers["Content-Type"].partition(";")[0], await answer.text()

        yield server, state, get
    await server.stop()


async def test_metrics_are_served_as_text(served):
    """/metrics is what the page function renders, as Prometheus wants it."""
    _, _, get = served
    assert await get("/metrics") == (200, "text/plain", "page\n")


async def test_readiness_follows_the_worker_and_health_does_not(served):
    """/readyz is 503 until the worker says that it is ready; /healthz is 200 from the first moment."""
    _, state, get = served
    assert (await get("/healthz"))[0] == 200
    assert (await get("/readyz"))[0] == 503
    state["ready"] = True
    assert (await get("/readyz"))[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics/", "/debug", "/favicon.ico", "/..%2fetc", "/readyz/x", "/HEALTHZ"])
async def test_nothing_else_is_served(served, path):
    """Any other page is not there."""
    _, _, get = served
    assert (await get(path))[0] == 404


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_nothing_can_be_sent(served, method, path):
    """Only GET and HEAD are answered; whatever else is refused, with what is allowed and nothing more."""
    server, _, _ = served
    async with (
        ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{server.port}{path}", data=b"x" * 100) as answer,
    ):
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"


async def test_no_versions_are_told(served):
    """Whoever asks learns what is served, and not by which versions of what."""
    server, _, _ = served
    for path in ("/healthz", "/nothing"):
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}{path}") as answer:
            assert answer.headers["Server"] == "streamproc"


def test_it_binds_to_loopback_unless_told():
    """The setting's default, and the worker's."""
    assert load({}).http_host == WorkerConfig(TaskConfig(b"k")).http_host == "127.0.0.1"


async def test_only_the_address_told_is_listened_on(served):
    """A server on loopback cannot be reached by another address of the machine."""
    server, _, _ = served
    addresses = {site[0] for site in server._runner.addresses}
    assert addresses == {"127.0.0.1"}


async def test_a_taken_port_is_told(served):
    """A second server on the port raises what the worker tells in its last line."""
    server, _, _ = served
    with pytest.raises(OSError, match="address already in use"):
        await Server("127.0.0.1", server.port, bytes, bool).start()
