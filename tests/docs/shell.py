"""Shell as it stands in a README: simple commands, in pipes, lists and substitutions."""

import re
import shlex

SUBSTITUTION = re.compile(r"\$\(((?:[^()]|\([^()]*\))*)\)")
"""With parentheses in it, one deep: a jq filter's, or a substituted process."""
SUBSTITUTED = "$[]"
"""Stands for a substitution in a word; the commands in it are listed of their own."""

SEPARATORS = {"&&", "||", ";", "|", "&"}


def lines(text: str) -> list[str]:
    """Each command with what belongs to it: continued lines, and quotation marks that are still open."""
    found, pending = [], ""
    for line in text.splitlines():
        pending += line + "\n"
        if line.endswith("\\") or _is_open(pending):
            continue
        if words(pending):
            found.append(pending.strip())
        pending = ""
    if pending:
        raise ValueError(f"a command without an end: {pending}")
    return found


def words(line: str) -> list[str]:
    """A line's words, without its comment."""
    return shlex.split(line, comments=True)


def commands(text: str) -> list[list[str]]:
    """Every simple command in the text, in words and without the variables that it sets."""
    found = []
    for line in lines(text):
        for inner in SUBSTITUTION.findall(line):
            found += commands(inner)
        outer = SUBSTITUTION.sub(lambda _: SUBSTITUTED, line).replace("\\\n", " ")
        lexer = shlex.shlex(outer, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if word in SEPARATORS:
                if command:
                    found.append(command)
                command = []
            elif command or not re.match(r"[A-Za-z_]\w*=", word):
                command.append(word)
    return found


def _is_open(text: str) -> bool:
    closed = SUBSTITUTION.sub(lambda _: SUBSTITUTED, text)
    try:
        words(closed)
    except ValueError:
        return True
    return "$(" in closed
