"""A worker with Debian's Prometheus and Alertmanager around it, as deploy/ has them, on ports of their own.

What deploy/ says holds here too, but for addresses, and for time: with ``pace`` above 1 a show is played so many times
as fast, and every duration of Prometheus and of its rules is so many times shorter. A rule then means to the show what
it means to a show at its own pace.
"""

import asyncio
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import AbstractContextManager, ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from streamproc.adapters.broker.config import free_ports
from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.shell.feed import feed, items_of_show, new_producer
from streamproc.shell.shows import arriving, starting

DEPLOY = Path(__file__).parents[2] / "deploy"
#: How long anything is waited for; a busy machine takes its time, and an idle one ends the wait at once.
PATIENCE_S = 180
_POLL_S = 0.1
_DURATION = re.compile(r"(?<![\w.$])(\d+)(s|m|h)(?![\w.])")
_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000}


class Webhook(AbstractContextManager):
    """Takes Alertmanager's messages; `alerts` holds (alertname, room, status, alert) in order of arrival."""

    def __init__(self):
        self.alerts = []
        self._arrived = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self):
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                with hook._arrived:
                    hook.alerts += [
                        (alert["labels"]["alertname"], alert["labels"].get("room"), alert["status"], alert)
                        for alert in body["alerts"]
                    ]
                    hook._arrived.notify_all()

            def log_message(self, *_):
                pass

        return Handler

    def wait(self, name, status, timeout_s):
        """The first alert of that name and status, once it has arrived; None when it does not."""

        def found():
            return next((alert for alert in self.alerts if (alert[0], alert[2]) == (name, status)), None)

        with self._arrived:
            return self._arrived.wait_for(found, timeout_s)

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def get(url, timeout_s=10.0):
    """The body of a page; URLError or HTTPError where there is none."""
    with urllib.request.urlopen(url, timeout=timeout_s) as answer:  # noqa: S310 - http to loopback
        return answer.read().decode()


def wait_until(what, timeout_s, name):
    """Ask ``what`` now and then until it says yes; AssertionError when it does not."""
    tick = threading.Event()
    for _ in range(round(timeout_s / _POLL_S)):
        found = what()
        if found:
            return found
        tick.wait(_POLL_S)
    raise AssertionError(f"{name}: not within {timeout_s:g} s")


def answers(url):
    """Whether an address answers with 200."""
    try:
        get(url, 2.0)
    except (urllib.error.URLError, OSError):
        return False
    return True


def faster(text, pace):
    """A configuration or rule with every duration so many times shorter."""
    if pace == 1:
        return text
    return _DURATION.sub(lambda found: f"{max(1, round(int(found[1]) * _MS[found[2]] / pace))}ms", text)


class Station(AbstractContextManager):
    """Worker, Prometheus, Alertmanager and a webhook; `worker`, `prometheus` and `alertmanager` are their addresses."""

    def __init__(self, bootstrap, folder, *, pace=1.0, prefix="", retention="1d"):
        self.folder = folder
        self.pace = pace
        self.webhook = Webhook()
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._retention = retention
        self._ports = free_ports(3)
        self.worker, self.prometheus, self.alertmanager = (f"127.0.0.1:{port}" for port in self._ports)
        self._processes = ExitStack()

    def __enter__(self):
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        self._configure()
        specs = topic_specs(4, prefix=self._prefix, replication=1)
        asyncio.run(create_topics(self._bootstrap, specs))
        self._start(
            "alertmanager",
            ["prometheus-alertmanager", f"--config.file={folder / 'alertmanager.yml'}"],
            [f"--storage.path={folder / 'alerts'}", f"--web.listen-address={self.alertmanager}"],
            ["--cluster.listen-address="],
        )
        self._start(
            "worker",
            [sys.executable, "-m", "streamproc", "worker", "--until-stdin-ends", "--bootstrap", self._bootstrap],
            ["--group", f"{self._prefix}worker", "--topic-prefix", self._prefix] if self._prefix else [],
            ["--http-port", self.worker.rpartition(":")[2], "--stop-ms", "5000"],
        )
        self._wait("worker", f"http://{self.worker}/readyz")
        self._start(
            "prometheus",
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--web.listen-address={self.prometheus}"],
            [f"--storage.tsdb.path={folder / 'tsdb'}", f"--storage.tsdb.retention.time={self._retention}"],
            # Alerts that fire stay so for the time they have in deploy/, not for a minute more.
            [f"--rules.alert.resend-delay={max(1, round(60_000 / self.pace))}ms"],
        )
        self._wait("alertmanager", f"http://{self.alertmanager}/-/ready")
        self._wait("prometheus", f"http://{self.prometheus}/-/ready")
        return self

    def __exit__(self, *_):
        self._processes.close()
        self.webhook.__exit__()

    def _configure(self):
        (self.folder / "rules").mkdir(exist_ok=True)
        for path in (DEPLOY / "prometheus" / "rules").glob("*.yml"):
            (self.folder / "rules" / path.name).write_text(faster(path.read_text(), self.pace))
        text = faster((DEPLOY / "prometheus" / "prometheus.yml").read_text(), self.pace)
        found = re.search(r"    dns_sd_configs:\n      - .*\n", text)
        text = text.replace(found[0], f"    static_configs:\n      - targets: ['{self.worker}']\n")
        # A busy machine may answer late; it has the whole interval to do so.
        interval = re.search(r"scrape_interval: (\S+)", text)[1]
        text = re.sub(r"scrape_timeout: \S+", f"scrape_timeout: {interval}", text)
        text = text.replace("localhost:9090", self.prometheus).replace("alertmanager:9093", self.alertmanager)
        (self.folder / "prometheus.yml").write_text(text)
        text = faster((DEPLOY / "alertmanager" / "alertmanager.yml").read_text(), self.pace)
        hook = f"\n    webhook_configs: [{{url: '{self.webhook.url}', send_resolved: true}}]"
        text = re.sub(r"(?m)^(  - name: \w+)$", lambda name: name[1] + hook, text)
        (self.folder / "alertmanager.yml").write_text(text)

    def _start(self, name, *parts):
        log = self._processes.enter_context((self.folder / f"{name}.log").open("wb"))
        command = [word for part in parts for word in part]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        self._processes.callback(stop, process)

    def _wait(self, name, url):
        wait_until(lambda: answers(url), PATIENCE_S, f"{name} answers (its log: {self.folder / name}.log)")

    def play(self, params):
        """Send a show at the station's pace; return its parameters with the start it had, once all is sent."""
        params = starting(params, speed=self.pace)

        async def send():
            producer = new_producer(self._bootstrap, {"security_protocol": "PLAINTEXT"})
            await producer.start()
            try:
                items = items_of_show(arriving(params))
                await feed(producer, items, prefix=self._prefix, begin=params.start, speed=self.pace)
            finally:
                await producer.stop()

        asyncio.run(send())
        return params

    def now(self):
        """What Prometheus takes for the time, seconds since the epoch."""
        return float(self.query("time()")[0])

    def query(self, expression, **more):
        """The values of what Prometheus answers to an instant query; HTTPError where it is none."""
        words = urllib.parse.urlencode({"query": expression, **more})
        data = json.loads(get(f"http://{self.prometheus}/api/v1/query?{words}"))["data"]
        samples = [data["result"]] if data["resultType"] == "scalar" else [one["value"] for one in data["result"]]
        return [value for _, value in samples]


def stop(process):
    """Ask a process to end; end it by force where it does not."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdin.close()
