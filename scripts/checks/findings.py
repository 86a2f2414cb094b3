"""What a step found."""

from __future__ import annotations

from dataclasses import dataclass, field

from terminal import FAILED


@dataclass
class Finding:
    """What a step found. Advice is words; a command in it begins with four blanks."""

    mark: str
    text: str
    advice: list[str] = field(default_factory=list)


class Failure(Exception):
    """A step failed. Empty advice is left out."""

    def __init__(self, text: str, *advice: str):
        super().__init__(text)
        self.finding = Finding(FAILED, text, [it for it in advice if it])
