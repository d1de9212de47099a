"""The metrics record of one session, window and pane end. Every group of the contract has one function here."""

from collections.abc import Mapping
from typing import Any

from streamproc.domain.askers import newcombe
from streamproc.domain.session import Session
from streamproc.domain.time import PANE, PANES, SESSION, WINDOWS
from streamproc.domain.windows import FIXED, WHOLE

_NAMES = (*WINDOWS, SESSION)
_TOPICS = (
    "price",
    "size",
    "stock",
    "link",
    "shipping",
    "usage",
    "quality",
    "after_sales",
    "promotion",
    "other",
)

Total = Mapping[str, int]
Record = dict[str, Any]


def records(session: Session) -> list[Record]:
    """Return the records of the pane that has just been closed, one a window."""
    state = session.state
    e = (state.pane + 1) * PANE
    final = state.ended is not None
    at_end = _at_end(session, e)
    out = []
    for window, name in enumerate(_NAMES):
        start = state.start if window == WHOLE else e - PANES[window] * PANE
        groups = _counted(session, window)
        out.append(
            {
                "id": f"{session.id}/{name}/{e}",
                "room_id": state.room_id,
                "session_id": session.id,
                "window": name,
                "start": start,
                "end": e,
                "final": final,
                **groups,
                "questions": {**groups["questions"], **at_end},
                "interaction": _interaction(session, window, start, e, groups),
                "quality": {**groups["quality"], "silence_ms": e - state.last},
            }
        )
    return out


def _counted(session: Session, window: int) -> Record:
    """Return the groups that change only with what was counted: those of the last pane where nothing was."""
    crowd, ledger = session.state.crowd, session.state.ledger
    sets = (*crowd.distincts(), ledger.buyers, ledger.repeaters)
    peak = crowd.peak.highest(window, session.state.pane)
    stamp = (session.versions[window], peak, crowd.last, *(distinct.count(window) for distinct in sets))
    before = session.written.get(window)
    if before is not None and before[0] == stamp:
        return before[1]
    total = session.state.tally.totals[window]
    viewers = _viewers(session, window, total)
    chatters = crowd.chatters.count(window)
    conversion = _conversion(session, window, total, viewers, chatters)
    groups = {
        "chat": _chat(total, chatters),
        "voice": _voice(total),
        "questions": _questions(session, window, total),
        "interaction": _answering(session, window, total),
        "conversion": conversion,
        "askers": _askers(total),
        "viewers": viewers,
        "trust": _trust(total, conversion),
        "recommend": _recommend(total),
        "group": _group(session, window, total),
        "quality": _quality(total),
    }
    session.written[window] = (stamp, groups)
    return groups


def ratio(part: float, whole: float) -> float | None:
    """Return part / whole, or None of nothing."""
    return part / whole if whole else None


def _at_end(session: Session, e: int) -> Record:
    board = session.board
    oldest = next(iter(board.open.values()), None)
    return {
        "open": len(board.open),
        "open_askers": len(board.waiting),
        "oldest_open_age_ms": None if oldest is None else e - oldest.first_ask,
    }


def _chat(total: Total, chatters: int) -> Record:
    get = total.get
    return {
        "messages": get("messages", 0),
        "chatters": chatters,
        "by_kind": {kind: get(kind, 0) for kind in ("question", "mutuality", "feedback", "other")},
        "by_sub": {sub: get(sub, 0) for sub in ("ask", "request", "help", "seek", "reply", "opinion")},
    }


def _voice(total: Total) -> Record:
    get = total.get
    voice: Record = {
        aspect: {"pos": get(f"{aspect}_pos", 0), "neg": get(f"{aspect}_neg", 0)}
        for aspect in ("content", "product", "logistics", "service")
    }
    negative = sum(counts["neg"] for counts in voice.values())
    voice["neg_per_1000"] = ratio(1000 * negative, get("texts", 0))
    return voice


def _questions(session: Session, window: int, total: Total) -> Record:
    get = total.get
    latencies = session.state.latencies
    p50, p90, p99 = latencies.percentiles(window, (50, 90, 99))
    due, in_time = get("due", 0), get("due_answered", 0)
    return {
        "asked": get("asked", 0),
        "answered": get("answered", 0),
        "expired": get("expired", 0),
        "by_topic": {topic: n for topic in _TOPICS if (n := get(f"asked_{topic}", 0))},
        "latency_ms": {"mean": latencies.mean(window), "p50": p50, "p90": p90, "p99": p99},
        "due": due,
        "due_answered": in_time,
        "sla_rate": ratio(in_time, due),
    }


def _answering(session: Session, window: int, total: Total) -> Record:
    """Return the part of the interaction group that clusters make."""
    get, due, requests_due = total.get, total.get("due", 0), total.get("requests_due", 0)
    return {
        "responsiveness": ratio(get("responsiveness", 0) / FIXED, due),
        "mutuality": ratio(get("due_peer_answered", 0), due),
        "haptics": ratio(get("requests_shown", 0), requests_due),
        "helpers": session.state.crowd.helpers.count(window),
        "load": get("asked", 0) / max(get("answered", 0), 1),
        "requests_due": requests_due,
        "requests_shown": get("requests_shown", 0),
        "requests_answered": get("requests_answered", 0),
    }


def _interaction(session: Session, window: int, start: int, e: int, groups: Record) -> Record:
    """Return the interaction group: what clusters make, what is on stage, and the index of both."""
    state, answering = session.state, groups["interaction"]
    lasted = (e if state.ended is None else min(e, state.ended)) - max(start, state.start)
    stage, on = state.stage, state.stage.time.totals[window].get
    components = {
        "display": ratio(on("display_ms", 0), lasted) if stage.display.ever else None,
        "promotion": ratio(on("promotion_ms", 0), lasted) if stage.promotion.ever else None,
        "responsiveness": answering["responsiveness"],
        "mutuality": answering["mutuality"],
        "haptics": answering["haptics"],
    }
    index, coverage = weighted_index(components, session.around.rules.weights)
    return {**components, **answering, "index": index, "coverage": coverage}


def weighted_index(
    components: Mapping[str, float | None], weights: Mapping[str, float]
) -> tuple[float | None, float | None]:
    """Return the weighted mean of the components that are not None, and the share of weight they have."""
    known = {name: c for name, c in components.items() if c is not None}
    weight = sum(weights[name] for name in known)
    if not weight:
        return None, ratio(0.0, sum(weights.values()))
    return sum(weights[name] * c for name, c in known.items()) / weight, weight / sum(weights.values())


def _conversion(session: Session, window: int, total: Total, viewers: Record, chatters: int) -> Record:
    get, ledger = total.get, session.state.ledger
    gmv, refunded, cancelled = (_money(session, total, what) for what in ("gmv", "refunded", "cancelled"))
    audience = viewers["entered"] or viewers["peak"]
    orders = get("orders", 0)
    return {
        "orders": orders,
        "buyers": ledger.buyers.count(window),
        "units": get("units", 0),
        "gmv": gmv,
        "refunds": get("refunds", 0),
        "refunded": refunded,
        "cancellations": get("cancellations", 0),
        "cancelled": cancelled,
        "other_returns": get("other_returns", 0),
        "net_gmv": {
            c: gmv.get(c, 0) - refunded.get(c, 0) - cancelled.get(c, 0)
            for c in ledger.currencies
            if c in gmv or c in refunded or c in cancelled
        },
        "gpm": {c: amount / audience * 1000 for c, amount in gmv.items()} if audience else None,
        "orders_per_100_chatters": ratio(100 * orders, chatters),
        "repeat_buyers": ledger.repeaters.count(window),
        "covered": {"orders": get("covered_orders", 0), "refunds": get("covered_refunds", 0)},
        "uncovered": {"orders": get("uncovered_orders", 0), "refunds": get("uncovered_refunds", 0)},
    }


def _money(session: Session, total: Total, what: str) -> dict[str, int]:
    return {c: total[f"{what}/{c}"] for c in session.state.ledger.currencies if total.get(f"{what}#{c}")}


def _askers(total: Total) -> Record:
    get = total.get
    groups = {}
    for name in ("answered", "unanswered"):
        askers, bought = get(f"{name}_askers", 0), get(f"{name}_bought", 0)
        groups[name] = {"askers": askers, "bought": bought, "rate": ratio(bought, askers)}
    yes, no = groups["answered"], groups["unanswered"]
    difference = low = high = None
    if yes["askers"] and no["askers"]:
        difference, low, high = newcombe(
            get("answered_bought", 0),
            get("answered_askers", 0),
            get("unanswered_bought", 0),
            get("unanswered_askers", 0),
        )
    return {
        "due": get("answered_askers", 0) + get("unanswered_askers", 0),
        **groups,
        "difference": difference,
        "ci_low": low,
        "ci_high": high,
    }


def _viewers(session: Session, window: int, total: Total) -> Record:
    crowd = session.state.crowd
    return {
        "last": crowd.last,
        "peak": crowd.peak.highest(window, session.state.pane),
        "entered": crowd.entered.count(window),
        **{name: total.get(name, 0) for name in ("follows", "shares", "clicks", "carts")},
    }


def _trust(total: Total, conversion: Record) -> Record:
    counts = {
        cue: {target: total.get(f"{cue}_{target}", 0) for target in ("anchor", "product", "viewers")}
        for cue in ("trust", "doubt")
    }
    return {**counts, "refund_rate": ratio(conversion["refunds"], conversion["orders"])}


def _recommend(total: Total) -> Record:
    promoters, passives, detractors = (total.get(g, 0) for g in ("promoters", "passives", "detractors"))
    return {
        "promoters": promoters,
        "passives": passives,
        "detractors": detractors,
        "nps": ratio(100 * (promoters - detractors), promoters + passives + detractors),
        "chat_recommend": total.get("chat_recommend", 0),
        "chat_warn": total.get("chat_warn", 0),
    }


def _group(session: Session, window: int, total: Total) -> Record:
    get = total.get
    alike, unlike = get("replies_alike", 0), get("replies_unlike", 0)
    return {
        "entered_by_share": session.state.crowd.by_share.count(window),
        "share_orders": get("share_orders", 0),
        "follow_on_orders": get("follow_on_orders", 0),
        "replies": get("replies", 0),
        "reciprocity": ratio(get("replies_returned", 0), get("replies", 0)),
        "homophily": ratio(alike - unlike, alike + unlike),
    }


def _quality(total: Total) -> Record:
    texts = total.get("texts", 0)
    return {
        "late": total.get("late", 0),
        "duplicate": total.get("duplicate", 0),
        "invalid": total.get("invalid", 0),
        "mean_confidence": ratio(total.get("confidence", 0) / FIXED, texts),
        "low_confidence": ratio(total.get("low_confidence", 0), texts),
    }
