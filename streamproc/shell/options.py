"""Settings as flags of a command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.shell.settings import PREFIX, Settings, flag, load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection


def add_settings(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Add ``--settings FILE`` and a flag for each setting but those in ``without``."""
    group = parser.add_argument_group(
        "settings",
        f"from these flags, the environment ({PREFIX}...), the settings file; docs/configuration.md has them",
    )
    group.add_argument(
        "--settings", type=Path, metavar="FILE", help=f"a TOML file; without it the one that {PREFIX}SETTINGS names"
    )
    for name, info in Settings.model_fields.items():
        if name not in without:
            text = (info.description or "").replace("%", "%%")
            group.add_argument(flag(name), dest=f"setting_{name}", metavar="VALUE", help=text)


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings that flags, environment and file give; CommandError (exit status 2) names a bad one."""
    named = os.environ.get(f"{PREFIX}SETTINGS")
    flags = {
        name.removeprefix("setting_"): value
        for name, value in vars(args).items()
        if name.startswith("setting_") and value is not None
    }
    return load(flags, args.settings or (Path(named) if named else None))
