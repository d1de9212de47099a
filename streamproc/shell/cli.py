"""The command line. What a command needs is imported when it is the one that was asked for."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from importlib import import_module
from typing import Any, Final, NamedTuple, NoReturn

from streamproc import __version__
from streamproc.shell.errors import UNUSABLE, CommandError, unusable

_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141


class _Command(NamedTuple):
    module: str
    help: str


COMMANDS: Final = {
    "demo": _Command("demo", "a live show through a real Kafka, in this terminal"),
    "worker": _Command("worker", "analyse what Kafka brings"),
    "replay": _Command("replay", "analyse files without Kafka"),
    "classify": _Command("texts", "label texts"),
    "match": _Command("texts", "score whether an utterance answers a question"),
    "evaluate": _Command("learn", "measure the classifier on labelled messages"),
    "evaluate-replies": _Command("learn", "measure the matcher on pairs of comment and answer"),
    "train": _Command("learn", "make the classifier's weights anew from the corpus"),
    "simulate": _Command("simulate", "make a synthetic show, to a file or to Kafka"),
    "convert": _Command("convert", "turn a recording into the replay format"),
    "topics": _Command("topics", "make the topics, or check them"),
    "dead-letters": _Command("dead_letters", "list records that could not be used, or send them again"),
    "doctor": _Command("doctor", "check broker, topics, group, clock and settings"),
    "schemas": _Command("schemas", "write the JSON Schemas of all topics"),
    "settings": _Command("schemas", "print the table of all settings"),
    "version": _Command("version", "print the version"),
}


def _without_values(message: str) -> str:
    """Leave out what argparse quotes after a flag that it does not know: it may be a secret."""
    words, known = message.split(), not message.startswith("unrecognized arguments:")
    kept = [
        word.partition("=")[0] if word.startswith("--") else word
        for at, word in enumerate(words)
        if known or at < 2 or word.startswith("-")
    ]
    return " ".join(kept) if known or len(kept) > 2 else "a word too many, that belongs to no flag"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise unusable(f"{_without_values(message)} (see {self.prog} --help)")


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser, with the arguments of the chosen command only."""
    parser = _Parser(prog="streamproc", description="Live-commerce barrage analytics on Apache Kafka and Faust.")
    parser.add_argument("--version", action="version", version=f"streamproc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    for name, command in COMMANDS.items():
        each = commands.add_parser(name, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}.")
        if name == chosen:
            module = import_module(f"streamproc.shell.commands.{command.module}")
            module.add(each, name)
            each.set_defaults(run=module.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, 2 for what cannot be used, else for what failed."""
    argv = sys.argv[1:] if argv is None else argv
    # Without a handler the libraries' warnings go to standard error, where a command says itself what went wrong.
    logging.getLogger().addHandler(logging.NullHandler())
    chosen = next((word for word in argv if not word.startswith("-")), None)
    try:
        if not argv:
            _parser(None).print_help()
            return UNUSABLE
        args: Any = _parser(chosen).parse_args(argv)
        status: int = args.run(args)
        sys.stdout.flush()
    except CommandError as error:
        print(f"streamproc: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more; the interpreter must not find that out again when it ends.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return status
