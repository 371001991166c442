"""Documentation/Conformance.md: one generated file to which each script contributes its own section."""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPORT = Path(__file__).resolve().parent.parent / "Documentation" / "Conformance.md"
SECTIONS = {
    "preprocessing": "Preprocessing: what photos become",
    "networks": "Networks: outputs and input gradients",
    "methods-petshop": "Explanation methods: petshop",
    "methods-resnet18": "Explanation methods: resnet18",
    "methods-vgg11_bn": "Explanation methods: vgg11_bn",
    "methods-mobilenet_v2": "Explanation methods: mobilenet_v2",
    "methods-densenet121": "Explanation methods: densenet121",
    "timm": "timm: one network of each family",
    "attention": "Explanation methods: tokens, windows, channels last",
    "looking-inside": "Looking inside: projection and gradient ascent",
    "wild": "ONNX files from elsewhere",
    "node-tests": "The ONNX project's node tests",
}
INTRODUCTION = """# Conformance

The daemon's numbers, compared with those of the programs people trust. Generated, not written: `make conformance`
does it, and each section is what one command found when it was last run:

{commands}

How each comparison is made is written at the top of the script that the section's command names. The versions of the
programs compared with are those of `Conformance/requirements.txt`.
"""
COMMAND = re.compile(r"^    (python Conformance/.*)$", re.MULTILINE)
# Options that say where something lies on the machine and how patient it makes one, which is nobody else's concern.
PLACES = ("--bench", "--bin", "--cache", "--petshop", "--timeout")


def write_section(name: str, script: str, text: str, words: list[str] | None = None) -> None:
    """Replaces the named section and leaves the others as they are.

    words: the command's arguments, where they are others than those that were given.
    """
    sections = read_sections()
    sections[name] = f"## {SECTIONS[name]}\n\n    {command(script, words)}\n\n{text.strip()}\n"
    present = [key for key in SECTIONS if key in sections]
    found = [match[0] for key in present if (match := COMMAND.search(sections[key]))]
    commands = list(dict.fromkeys(found))
    body = [f"<!-- {key} -->\n{sections[key]}<!-- end {key} -->\n" for key in present]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join([INTRODUCTION.format(commands="\n".join(commands)), *body]))
    print(f"wrote section '{name}' of {REPORT}")


def command(script: str, given: list[str] | None = None) -> str:
    """The command that is running, without the places of this machine."""
    words, arguments = [], iter(sys.argv[1:] if given is None else given)
    for word in arguments:
        if word in PLACES:
            next(arguments, None)
        elif not word.startswith(tuple(f"{place}=" for place in PLACES)):
            words.append(word)
    return " ".join(["python", f"Conformance/{script}", *words])


def read_sections() -> dict[str, str]:
    if not REPORT.exists():
        return {}
    text, sections = REPORT.read_text(), {}
    for key in SECTIONS:
        begin, end = f"<!-- {key} -->\n", f"<!-- end {key} -->"
        if begin in text and end in text:
            sections[key] = text.split(begin, 1)[1].split(end, 1)[0]
    return sections
