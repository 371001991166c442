"""Tables that a command writes into a page, between two marks."""

from pathlib import Path


def between(file: Path, name: str) -> str:
    """What stands between the marks; empty where there are none."""
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    page = file.read_text() if file.exists() else ""
    return page.partition(begin)[2].partition(end)[0]


def write_between(file: Path, name: str, text: str) -> None:
    """Puts the text between the marks `NAME begins` and `NAME ends`, or at the page's end where there are none."""
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    page = file.read_text() if file.exists() else ""
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    file.write_text(f"{before}{begin}\n\n{text}\n{end}{after or chr(10)}")
