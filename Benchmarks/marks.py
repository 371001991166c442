"""Tables that a command writes into a page, between two marks."""

from pathlib import Path


def split(file: Path, name: str) -> tuple[str, str, str]:
    """What stands before the marks `NAME begins` and `NAME ends`, between and behind them; all of it before where there are
    none."""
    page = file.read_text() if file.exists() else ""
    before, _, rest = page.partition(f"<!-- {name} begins -->")
    text, _, after = rest.partition(f"<!-- {name} ends -->")
    return before, text, after


def between(file: Path, name: str) -> str:
    """What stands between the marks; empty where there are none."""
    return split(file, name)[1]


def write_between(file: Path, name: str, text: str) -> None:
    """Puts the text between the marks, or at the page's end where there are none."""
    before, _, after = split(file, name)
    file.write_text(f"{before}<!-- {name} begins -->\n\n{text}\n<!-- {name} ends -->{after or chr(10)}")
