"""Shells and programs on a pseudo terminal, as a person has them."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSCTTY, TIOCSWINSZ

import pytest

LONGEST = 60  # seconds
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>]|\][^\x07]*\x07)")


def plain(text: str) -> str:
    """Without escape codes and carriage returns."""
    return ESCAPES.sub("", text).replace("\r", "")


class OnTerminal:
    """A process whose stdin, stdout and stderr are one terminal."""

    def __init__(self, words: list[str], columns: int = 100, lines: int = 30, **environment: str) -> None:
        self.master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: ioctl(0, TIOCSCTTY, 0),  # so that Ctrl-C reaches it
                                        env=own | {"TERM": "xterm-256color"} | environment)
        os.close(slave)
        self.text = ""

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read_until(self, pattern: str) -> str:
        """All that was shown so far, once the pattern is in it."""
        end = time.monotonic() + LONGEST
        while not re.search(pattern, plain(self.text)):
            assert time.monotonic() < end, f"{pattern!r} was not shown: {self.text!r}"
            if not self.read():
                assert re.search(pattern, plain(self.text)), f"it ended without {pattern!r}: {self.text!r}"
        return self.text

    def read(self, seconds: float = 0.2) -> bool:
        """False at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            block = os.read(self.master, 65536)
        except OSError:  # nobody has the other side any more
            return False
        self.text += block.decode(errors="replace")
        return bool(block)

    def end(self) -> tuple[str, int]:
        """What it showed until it ended by itself, and its exit code."""
        end = time.monotonic() + LONGEST
        while self.read():
            assert time.monotonic() < end, f"it does not end: {self.text!r}"
        return self.text, self.process.wait(timeout=LONGEST)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def shown(words: list[str], **options) -> tuple[str, int]:
    """What a program shows on a terminal until it ends, and its exit code."""
    terminal = OnTerminal(words, **options)
    try:
        return terminal.end()
    finally:
        terminal.close()


def need(program: str) -> str:
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


@dataclass(frozen=True)
class Completer:
    """One shell with the program's completions: what it offers for a line that ends where the cursor is."""

    shell: str
    program: Path
    script: Path
    folder: Path

    def offers(self, line: str, **environment: str) -> list[str]:
        ask = {"bash": self.from_bash, "zsh": self.from_zsh, "fish": self.from_fish}[self.shell]
        words = {"PATH": f"{self.program.parent}:{os.environ['PATH']}"} | environment
        return [offer.rstrip("/") for offer in ask(line, words)]  # a shell may show that it is a folder

    def from_fish(self, line: str, environment: dict[str, str]) -> list[str]:
        done = subprocess.run([need("fish"), "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", self.script, line],
                              capture_output=True, encoding="utf-8", cwd=self.folder, timeout=LONGEST,
                              env=os.environ | {"HOME": str(self.script.parent)} | environment)
        assert (done.returncode, done.stderr) == (0, "")
        return [offer.split("\t")[0] for offer in done.stdout.splitlines()]

    def from_bash(self, line: str, environment: dict[str, str]) -> list[str]:
        start = [need("bash"), "--norc", "--noprofile", "-i"]
        return self.typed(start, f"source {self.script}", line + "\x1b*", line, environment | {"INPUTRC": "/dev/null"})

    def from_zsh(self, line: str, environment: dict[str, str]) -> list[str]:
        setup = (f"autoload -Uz compinit; compinit -D -u; source {self.script}; zle -C every complete-word _generic; bindkey '^X*' every; "
                 "zstyle ':completion:every::::' completer _all_matches _complete; zstyle ':completion:every:*' insert true")
        return self.typed([need("zsh"), "-f", "-i"], setup, line + "\x18*", line, environment)

    def typed(self, start: list[str], setup: str, keys: str, line: str, environment: dict[str, str]) -> list[str]:
        """The words that stand on the line after the key that puts in every match: printed by the shell itself."""
        terminal = OnTerminal(start, columns=4000, HOME=str(self.script.parent), **environment)
        try:
            terminal.type(f"cd {self.folder}; PS1='ready> '; {setup}; echo set''up\n")
            terminal.read_until("setup\n")
            terminal.type(keys)
            time.sleep(0.5)
            terminal.type("\x01printf '<%s>\\n' \n")
            terminal.type("echo en''d\n")
            text = plain(terminal.read_until("end\n"))
        finally:
            terminal.close()
        words = re.findall(r"^<(.*)>$", text, re.MULTILINE)
        given = line.split(" ")
        return words[len(given) - 1:]
