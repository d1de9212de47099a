"""The table of docs/configuration.md, made from the settings class."""

from typing import Final

from streamproc.shell.settings import GROUPS, PREFIX, Settings, allowed

BEGIN: Final = "<!-- made by `streamproc settings --page docs/configuration.md`: begin -->"
END: Final = "<!-- end -->"


def table() -> str:
    """Return the settings as Markdown, a table a group."""
    parts = []
    for group in GROUPS:
        parts.append(f"### {(group.__doc__ or '').strip()}\n")
        parts.append("| Environment | Default | Allowed | What it is |\n|---|---|---|---|")
        for name in group.__annotations__:
            info = Settings.model_fields[name]
            default = "" if info.default is None else f"`{info.default}`"
            what = allowed(info).replace("|", "\\|")
            parts.append(f"| `{PREFIX}{name.upper()}` | {default} | {what} | {info.description} |")
        parts.append("")
    return "\n".join(parts)


def with_table(page: str) -> str:
    """Return the page with its table made anew."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table()}\n{END}{tail}"
