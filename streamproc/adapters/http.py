"""Serves /metrics, /healthz and /readyz, and nothing else."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST


async def _name_no_versions(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "streamproc"


class Server:
    """An HTTP server for whoever watches the worker; on loopback unless told otherwise.

    ``page`` renders /metrics; /healthz answers 200 while the process runs; /readyz answers 200 when ``ready`` says so,
    else 503. `start` raises OSError where the port is taken.
    """

    def __init__(self, host: str, port: int, page: Callable[[], bytes], ready: Callable[[], bool]) -> None:
        self.host = host
        self.port = port
        self._page = page
        self._ready = ready
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; `port` is the port taken where it was 0."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        app.on_response_prepare.append(_name_no_versions)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readiness(self, _: web.Request) -> web.Response:
        if self._ready():
            return web.Response(text="ready\n")
        return web.Response(text="not ready: partitions are assigned or restored\n", status=503)
