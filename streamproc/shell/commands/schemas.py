"""``schemas`` and ``settings``: what is made from the models."""

import argparse
import json
from pathlib import Path
from typing import Final

from streamproc.contracts.schemas import MODELS, schema
from streamproc.shell.errors import unusable


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    parser.set_defaults(which=name)
    if name == "schemas":
        parser.add_argument("--out", type=Path, default=Path("schemas"), metavar="DIR", help="folder (schemas)")
    else:
        parser.add_argument("--page", type=Path, metavar="FILE", help="write the table into this page")


def run(args: argparse.Namespace) -> int:
    """Write the schemas, or the table of settings."""
    try:
        return write_schemas(args.out) if args.which == "schemas" else write_settings(args.page)
    except OSError as error:
        raise unusable(f"{error.filename}: {error.strerror}") from error


def write_schemas(folder: Path) -> int:
    """Write one JSON Schema a topic: ``FOLDER/<topic>.schema.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    for topic in MODELS:
        (folder / f"{topic}.schema.json").write_text(text_of(topic), encoding="utf-8")
    print(f"{len(MODELS)} schemas written to {folder}")
    return 0


def text_of(topic: str) -> str:
    """Return a topic's schema file."""
    return json.dumps(schema(topic), ensure_ascii=False, indent=_INDENT) + "\n"


_INDENT: Final = 2


def write_settings(page: Path | None) -> int:
    """Print the table of settings, or write it into a page between its marks."""
    from streamproc.shell.settings_table import table, with_table  # noqa: PLC0415 - the schemas need no settings

    if page is None:
        print(table())
    else:
        page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0
