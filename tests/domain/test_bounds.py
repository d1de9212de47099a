"""Everything that is kept for a room has a bound: beyond it the oldest is evicted, counted, and nothing breaks."""

import re
import sys
from pathlib import Path

import pytest

from streamproc.domain.askers import Askers
from streamproc.domain.cluster import Cluster
from streamproc.domain.rules import EVICTED, Bounds, Rules
from streamproc.domain.windows import Distinct, Peak, Tally, forget
from tests.fakes import Finds, chat, new_task, paid, room, said, values

_DOC = Path(__file__).parents[2] / "docs" / "operations.md"


def _play(records, **bounds):
    task = new_task(rules=Rules(bounds=Bounds(**bounds)))
    task.read(list(records))
    task.finish()
    return task, values(task)


def _last(out, window="session"):
    return [m for m in out["metrics"] if m["window"] == window][-1]


def test_many_users():
    """Users beyond the bound are still counted once each, as long as they do not come back."""
    task, out = _play((chat(n, n / 50, user=f"u{n}") for n in range(3000)), users=100)
    assert len(task.rooms["r1"].current.state.crowd.chatters.last) <= 100
    assert _last(out)["chat"]["chatters"] == 3000
    assert task.counts["evicted", "users"] == 2900


def test_many_open_questions():
    """Beyond the bound the question asked longest ago expires at once; the record and the count say so."""
    task, out = _play((chat(n, n / 50, f"ask.price q{n}", user=f"u{n}") for n in range(1000)), open_clusters=100)
    assert len(task.rooms["r1"].current.board.open) == 100
    assert [q["event_id"] for q in out["questions"] if q["change"] == "expired"] == [None] * 900
    assert _last(out)["questions"]["expired"] == 900 == task.counts["evicted", "open_clusters"]


def test_order_flood():
    """Old orders are forgotten: their returns count as others'."""
    records = [room(0, 0, "started"), *(paid(n, n / 10, order=f"k{n}", user=f"u{n}") for n in range(1, 500))]
    records += [paid(600, 60, order="k1", status="refunded"), paid(601, 60, order="k499", status="refunded")]
    task, out = _play(records, orders=50)
    assert len(task.rooms["r1"].current.state.ledger.orders) <= 50
    numbers = _last(out)["conversion"]
    assert (numbers["orders"], numbers["refunds"], numbers["other_returns"]) == (499, 1, 1)
    assert task.counts["evicted", "orders"] == 449


def test_many_asks_of_one_question():
    """Asks, texts and askers of one cluster are bounded; the cluster goes on counting its asks."""
    task, out = _play((chat(n, n / 50, "ask.price q", user=f"u{n}") for n in range(500)), cluster_asks=20, users=50)
    assert out["questions"][-1]["asks"] == 500
    assert out["questions"][-1]["askers"] == 50
    cluster = next(iter(task.rooms["r1"].current.board.open.values()))
    assert len(cluster.events) == 20
    assert task.counts["evicted", "cluster_asks"] == 480
    assert task.counts["evicted", "cluster_askers"] == 450
    assert task.counts["evicted", "askers"] == 450


def test_many_ids():
    """Beyond the bound the oldest ids are forgotten: a repetition counts again."""
    records = [chat(n, n / 50, event_id=f"c{n}") for n in range(400)]
    task, out = _play([*records, chat(900, 3, event_id="c0"), chat(901, 7.98, event_id="c399")], ids=100)
    assert task.rooms["r1"].state.ids.n <= 100
    assert [m["event_id"] for m in out["chat.classified"]].count("c0") == 2
    assert [m["event_id"] for m in out["chat.classified"]].count("c399") == 1


def test_many_latencies():
    """Thinned latencies keep the mean exact and the percentiles close."""
    records = []
    for n in range(600):
        records += [
            chat(2 * n, n, f"ask.price q{n}", user=f"u{n}"),
            said(2 * n + 1, n + (n % 50) / 10, reply_to=[f"e{2 * n}"]),
        ]
    task, out = _play(sorted(records, key=lambda r: (r.offset % 2, r.offset)), latencies=200)
    numbers = _last(out)["questions"]
    assert numbers["answered"] == 600
    assert numbers["latency_ms"]["mean"] == pytest.approx(2450)
    assert abs(numbers["latency_ms"]["p50"] - 2400) < 400
    assert task.counts["evicted", "latencies"] == 400


def test_latencies_thinned_in_three_panes():
    """What a pane thins is counted once, at its end."""
    records = []
    for n in range(12):
        records += [chat(2 * n, 2 * n, f"ask q{n}"), said(2 * n + 1, 2 * n + 1, reply_to=[f"e{2 * n}"])]
    task, _ = _play(records, latencies=3)
    # One beyond three goes to two: a thinning of two for every second answer from the fourth on.
    assert task.counts["evicted", "latencies"] == 2 * 5 == task.rooms["r1"].current.state.latencies.thinned


def test_many_products_and_messages_and_pairs():
    """Products on show, messages to reply to, and pairs of users are bounded."""
    records = [room(n, n / 50, "product_shown", product_id=f"p{n}") for n in range(200)]
    records += [chat(1000 + n, 4 + n / 50, user=f"u{n}", reply_to=f"e{999 + n}") for n in range(200)]
    task, out = _play(records, products=20, messages=30, pairs=25)
    state = task.rooms["r1"].current.state
    assert len(state.stage.display.on) == 20
    assert len(state.crowd.authors) == 30
    assert len(state.crowd.pairs) == 25
    assert _last(out)["group"]["replies"] == 199
    assert task.counts["evicted", "products"] == 180
    assert task.counts["evicted", "messages"] == 170
    assert task.counts["evicted", "pairs"] == 199 - 25


def _flood():
    """Return a loud show of a few minutes: more of everything than is kept."""
    for n in range(40):
        at = 5 * n
        yield room(10 * n, at, "enter", user_id=f"u{n}", referrer_id="zoe")
        yield room(10 * n + 1, at, "product_shown", product_id=f"p{n}")
        yield chat(10 * n + 2, at, f"ask x{n}", user="ann", product_id="p")
        yield chat(10 * n + 3, at, f"ask q{n}", user=f"u{n % 20}", product_id="p")
        yield chat(10 * n + 4, at, "ask x0", user=f"v{n}", product_id="p")
        yield chat(10 * n + 5, at, "help x", user=f"w{n}", reply_to=f"e{10 * n + 3}")
        yield said(10 * n + 6, at, reply_to=[f"e{10 * n + 3}"])
        yield paid(10 * n + 7, at, order=f"k{n}", user=f"u{n % 20}")
    yield from (chat(1000 + n, 200 + n, f"ask y{n}", user="ann", product_id="p") for n in range(5))
    yield from (room(2000 + n, 300 * n, "follow", user_id="zoe") for n in range(1, 4))


def test_within_the_bounds_nothing_is_evicted():
    """The same show is small for the shipped bounds: no eviction is counted."""
    task, _ = _play(_flood())
    assert {what for kind, what in task.counts if kind == "evicted"} == set()


def test_every_eviction_is_counted_and_documented():
    """A flood of everything evicts of everything, each under its name, and docs/operations.md has all of those."""
    few = dict.fromkeys(Bounds.__struct_fields__, 2)
    task = new_task(
        understanding=Finds({f"ask x{n}": ["ask x0"] for n in range(40)}), rules=Rules(bounds=Bounds(**few))
    )
    task.read(list(_flood()))
    assert {what for (kind, what), n in task.counts.items() if kind == "evicted" and n} == set(EVICTED)
    rows = re.findall(r"^\| (`bound_\w+`)? ?\| ([\d,]+) \|.*\| `(\w+)` \|$", _DOC.read_text("utf-8"), re.MULTILINE)
    assert sorted(what for *_, what in rows) == sorted(EVICTED)
    shipped = {f"`bound_{name}`": f"{getattr(Bounds(), name):,}" for name in Bounds.__struct_fields__}
    assert {name: most for name, most, _ in rows if name} == shipped


def test_an_id_used_again_harms_nobody():
    """An event_id that a producer uses again after a quarter of an hour opens a cluster of its own."""
    keep = [chat(10 + n, 300 * n, "ask.price q", user=f"u{n}") for n in range(1, 5)]
    records = [
        chat(0, 0, "ask.price q", event_id="a"),
        *keep[:3],
        chat(9, 1000, "ask.size other", event_id="a"),
        keep[3],
    ]
    _, out = _play([*records, said(90, 1205, reply_to=["a", "e11"]), room(91, 1300, "ended")])
    assert [q["cluster_id"].rpartition("/")[2] for q in out["questions"] if q["change"] == "opened"] == ["a", "a~"]


def test_a_question_repeated_after_a_quarter_of_an_hour_has_its_name():
    """By then the first one has expired: the repetition opens a cluster, under the id that the contract gives it."""
    records = [chat(0, 0, "ask.price q", event_id="a"), chat(1, 905, "ask.price q", event_id="a")]
    _, out = _play([*records, chat(2, 906), room(91, 1300, "ended")])
    assert [q["id"].rpartition("/")[2] for q in out["questions"] if q["change"] == "opened"] == ["a#0", "a#0"]


class _Looked(dict):
    """A dict that counts how often all of it was looked at."""

    looks = 0

    def items(self):
        """Count a look."""
        self.looks += 1
        return super().items()


def test_newcomers_beyond_the_bound_are_cheap():
    """With a million newcomers all users kept are looked at once a pane, not once for each of them."""
    kept = _Looked()
    distinct = Distinct(most=100, last=kept)
    for n in range(1000):
        distinct.mark(f"u{n}", n // 500)
    assert (distinct.count(3), len(distinct.last), kept.looks) == (1000, 100, 2)


def test_the_idle_make_room_for_newcomers():
    """Users who were not there for the longest window are forgotten before a newcomer is, and are counted on."""
    distinct = Distinct(most=3)
    came = {0: ["idle"], 1: ["ann"], 89: ["bo"], 90: ["cy", "dee"]}
    for pane in range(91):
        distinct.roll(pane)
        for user in came.get(pane, []):
            distinct.mark(user, pane)
    assert sorted(distinct.last) == ["ann", "bo", "cy"]
    assert [distinct.count(window) for window in (0, 1, 2, 3)] == [3, 3, 4, 5]


def test_the_oldest_go_in_batches():
    """A sixty-fourth beyond what must go goes too, the oldest first; within the bound nothing does."""
    kept = dict.fromkeys(map(str, range(129)))
    assert forget(kept, 129) == 0
    assert forget(kept, 128) == 3
    assert next(iter(kept)) == "3"


def test_judged_askers_leave_nothing_behind():
    """However many first ones were taken off, the dict of those who wait is small again."""
    askers, tally = Askers(), Tally()
    cluster = Cluster("a", 0, "q", "ask", None, None, 0, 0, None)
    for n in range(4000):
        askers.ask(f"u{n}", cluster, n, None, Bounds())
    large = sys.getsizeof(askers.pending)
    for n in range(3990):
        assert askers.next_due() == n + 300_000
        askers.judge(n + 300_000, {}, tally, 10_000)
    assert sys.getsizeof(askers.pending) < large / 1.5
    assert list(askers.pending) == [f"u{n}" for n in range(3990, 4000)]


def test_peaks_take_one_place_a_pane():
    """A falling number of viewers fills no list: the highest of each pane is enough."""
    peak = Peak()
    for n in range(1000):
        peak.add(5000 - n, n // 10)
    assert len(peak.values) == 100
    assert (peak.highest(0, 99), peak.highest(3, 99)) == (5000 - 940, 5000)


def test_the_largest_order_has_a_rate():
    """An order of the largest amount that is valid harms nobody: its rate is a finite number."""
    enters = [room(n, n, "enter", user_id=f"u{n}") for n in (1, 2)]
    _, out = _play([room(0, 0, "started"), *enters, paid(3, 3, amount=10**200 - 1), chat(4, 30)])
    assert _last(out)["conversion"]["gmv"] == {"CNY": 10**200 - 1}
    assert _last(out)["conversion"]["gpm"] == {"CNY": 5e202}
