"""``train``, ``evaluate`` and ``evaluate-replies``: the model made and measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamproc.shell.errors import unusable
from streamproc.shell.progress import progress_bar

if TYPE_CHECKING:
    import argparse

_FILES: Final = {
    "evaluate": "JSONL with text, kind, sub, polarity, aspect, source (docs/understanding.md)",
    "evaluate-replies": "JSONL with streamer, comment, response (docs/understanding.md)",
}


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    parser.set_defaults(which=name)
    if name == "train":
        parser.add_argument("--extra", type=Path, metavar="FILE", help="labelled messages of your own, as for evaluate")
        parser.add_argument("--out", type=Path, metavar="FILE", help="where to (the model that is shipped)")
        return
    parser.add_argument("file", type=Path, metavar="FILE", help=_FILES[name])
    if name == "evaluate":
        parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the confusion matrix too")


def run(args: argparse.Namespace) -> int:
    """Train or measure."""
    try:
        if args.which == "train":
            return _train(args.extra, args.out)
        # Loads the model and what measures it, which --help does without.
        from streamproc.understanding import evaluate  # noqa: PLC0415

        if args.which == "evaluate":
            evaluate.evaluate_messages(args.file, sys.stdout, args.svg)
        else:
            with progress_bar("ranking", shown=True) as advance:
                told = None if advance is None else lambda done, total: advance(done, done, total)
                evaluate.evaluate_replies(args.file, sys.stdout, told)
    except OSError as error:
        if error.filename is None:  # a reader of standard output that has left
            raise
        raise unusable(f"{error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise unusable(error) from error
    return 0


def _train(extra: Path | None, out: Path | None) -> int:
    from streamproc.understanding import train  # noqa: PLC0415 - loads scipy

    print("training: this takes a minute or two", flush=True)
    train.train(out or train.shipped_path(), sys.stdout, extra)
    return 0
