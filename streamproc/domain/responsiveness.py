"""How well questions are answered: judged 75 s after a cluster's first ask, whatever happens later."""

from math import exp

from streamproc.domain.cluster import Cluster
from streamproc.domain.time import PATIENCE, SLA
from streamproc.domain.windows import FIXED, Tally


def count_due(cluster: Cluster, tally: Tally) -> None:
    """Count a cluster that is due: was it answered in time, how fast, by whom, on which channel."""
    tally.add("due")
    request = cluster.sub == "request"
    if request:
        tally.add("requests_due")
    if cluster.peer_at is not None and cluster.peer_at - cluster.first_ask < SLA:
        tally.add("due_peer_answered")
    answer = cluster.answer
    if answer is None or answer.latency_ms >= SLA:
        return
    tally.add("due_answered")
    tally.add("responsiveness", round(exp(-answer.latency_ms / PATIENCE) * FIXED))
    if request:
        tally.add("requests_answered")
        if answer.channel == "demo":
            tally.add("requests_shown")
