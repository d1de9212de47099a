"""``dead-letters list`` and ``dead-letters replay``."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_args

import orjson
from aiokafka.errors import KafkaError

from streamproc.adapters.broker.reach import why_unreachable
from streamproc.contracts import topics
from streamproc.contracts.outputs import Reason
from streamproc.shell.dead_letters import OUTLOOK, Filter, Letter, judge, now_ms, read_letters, send_again
from streamproc.shell.errors import CommandError, unusable
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.settings import flag
from streamproc.shell.wiring import security

if TYPE_CHECKING:
    from streamproc.shell.settings import Settings

_AGO: Final = re.compile(r"(\d+)([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

_EPILOG: Final = (
    "What replaying can do, by reason:\n"
    + "\n".join(f"  {name:<10} {what}" for name, what in OUTLOOK.items())
    + "\nA record that is sent again is a new record: dead letters and results that were published stay as they are.\n"
    "Sent twice, it counts as a duplicate, within 15 min of event time; later it counts twice."
)


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("what", choices=("list", "replay"), help="list shows them; replay sends their records again")
    parser.add_argument(
        "--reason", action="append", default=[], choices=get_args(Reason), help="only this one (repeatable)"
    )
    parser.add_argument(
        "--topic", action="append", default=[], choices=topics.INPUTS, help="only from this one (repeatable)"
    )
    parser.add_argument(
        "--since", type=_time, metavar="TIME", help="written since: 2026-01-31T08:00Z, or 30m, 2h, 1d ago"
    )
    parser.add_argument("--until", type=_time, metavar="TIME", help="written before")
    parser.add_argument(
        "--json", action="store_true", help="list: whole dead letters, one a line (they hold texts and user ids)"
    )
    parser.add_argument("--dry-run", action="store_true", help="replay: say what would be sent, and send nothing")
    parser.add_argument(
        "--fix-key", action="store_true", help="replay: send records with a wrong key under their room_id"
    )
    parser.add_argument("--unchanged", action="store_true", help="replay: send also what will most likely come back")
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """List dead letters or send them again."""
    _refuse_what_does_nothing(args)
    settings = settings_of(args)
    wanted = Filter(args.reason, args.topic, args.since, args.until)
    asyncio.run(_run(settings, wanted, args))
    return 0


async def _run(settings: Settings, wanted: Filter, args: argparse.Namespace) -> None:
    try:
        if args.what == "list":
            await _list(settings, wanted, whole=args.json)
        else:
            await _replay(settings, wanted, args)
    except KafkaError as error:
        why = await why_unreachable(settings.bootstrap, security(settings), error)
        raise CommandError(f"Kafka at {settings.bootstrap}: {why}") from error


def _refuse_what_does_nothing(args: argparse.Namespace) -> None:
    others = ("json",) if args.what == "replay" else ("dry_run", "fix_key", "unchanged")
    for name in others:
        if getattr(args, name):
            raise unusable(f"{flag(name)} does nothing with dead-letters {args.what}")
    if args.since is not None and args.until is not None and args.since >= args.until:
        raise unusable("--since is not before --until: no dead letter lies between them")


def _passed_over(place: str) -> None:
    print(f"streamproc: {place} is no dead letter of this version: passed over", file=sys.stderr)


def _access(settings: Settings) -> tuple[str, str, dict[str, Any]]:
    return settings.bootstrap, settings.topic_prefix, security(settings)


async def _list(settings: Settings, wanted: Filter, *, whole: bool) -> None:
    counts: Counter[str] = Counter()
    async for letter in read_letters(*_access(settings), wanted, _passed_over):
        counts[letter.reason] += 1
        print(orjson.dumps(letter.body).decode() if whole else _line(letter))
    if not whole:
        print(f"{counts.total():,} dead letters" + "".join(f", {name} {n:,}" for name, n in sorted(counts.items())))


def _line(letter: Letter) -> str:
    at = datetime.fromtimestamp(letter.written / 1000, UTC).isoformat(timespec="seconds")
    return f"{at}  {letter.reason:<9}  {letter.body['id']}  {letter.body['detail']}"


async def _replay(settings: Settings, wanted: Filter, args: argparse.Namespace) -> None:
    sent: list[Any] = []
    left: Counter[tuple[str, str]] = Counter()
    going: Counter[tuple[str, str]] = Counter()
    async for letter in read_letters(*_access(settings), wanted, _passed_over):
        verdict = judge(letter, now_ms(), fix_key=args.fix_key, unchanged=args.unchanged)
        if verdict.record is None:
            left[letter.reason, verdict.why] += 1
        else:
            going[letter.reason, verdict.why] += 1
            sent.append((letter.reason == "wrong_key" and args.fix_key, verdict.record))
    if not args.dry_run:
        for rekeyed in (False, True):
            records = [record for moved, record in sent if moved is rekeyed]
            await send_again(*_access(settings), records, rekeyed=rekeyed)
    for verb, counts in (("would be sent" if args.dry_run else "sent", going), ("left", left)):
        for (reason, why), n in sorted(counts.items()):
            print(f"{n:>9,}  {reason:<9}  {verb}: {why}")
    print(f"{len(sent):,} records {'would be sent' if args.dry_run else 'sent'}, {left.total():,} left alone")


def _time(text: str) -> int:
    """Return a time in ms since the epoch; Kafka knows none before it."""
    if found := _AGO.fullmatch(text):
        return max(0, now_ms() - int(found[1]) * _UNITS[found[2]] * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: 2026-01-31T08:00Z, or 30m, 2h, 1d ago") from None
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))
