"""Several processes share an experiment's trials by the files beside its result: the same numbers as one process makes, whoever is
killed, and when."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from support.planted_cases import Planted
from support.program import QUIET, Program, assert_one_line, text_of
from support.trial_runs import words as list_words

SHARED = [
    ("zero-sweep", ("--operations", "zero,resample", "--pairs")),
    ("magc", ()),
    ("gate-readout", ()),
    ("channel-patch", ("--sites", "blocks.1.hook_resid_mid")),
    ("identify", ("--no-frozen", "--no-loss", "--draws", 2)),
]
FEW = ("--controls", 3)


@pytest.fixture(scope="module")
def base(planted: Callable) -> Planted:
    return planted("base")


class Shards:
    """Processes of one run in one folder."""

    def __init__(self, program: Program, out: Path, *words: object, count: int = 3) -> None:
        self.program, self.out, self.words, self.count = program, out, words, count
        self.running: dict[int, Popen] = {}

    def start(self, *shards: int, options: tuple = ()) -> None:
        for shard in shards:
            self.running[shard] = self.program.start(*self.words, *options, "--shard", f"{shard}/{self.count}", "--out", self.out)

    def end(self) -> None:
        """All end well, and leave the result alone."""
        for shard, process in self.running.items():
            error = process.communicate(timeout=120)[1]
            assert process.returncode == 0, f"shard {shard}: {error}"

    def journals(self) -> list[Path]:
        return sorted(self.out.parent.glob(f"{self.out.stem}.*journal"))

    def kill(self, shard: int, by: signal.Signals, after: int) -> bool:
        """When the journals have grown by `after` bytes; False where it had ended by then."""
        def size() -> int:
            return sum(file.stat().st_size for file in self.journals() if file.exists())

        process, before = self.running[shard], size()
        while process.poll() is None and size() < before + after:
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(by)
        process.communicate(timeout=60)
        return process.returncode in (-signal.SIGKILL, 75)


@pytest.fixture
def shards(program: Program, tmp_path: Path) -> Iterator[Callable[..., Shards]]:
    made: list[Shards] = []

    def make(*words: object, **options: Any) -> Shards:
        (tmp_path / "shards").mkdir()
        made.append(Shards(program, tmp_path / "shards/result.json", *words, **options))
        return made[-1]

    yield make
    for process in (process for one in made for process in one.running.values()):
        process.kill()


def words_of(experiment: str, model: Planted, *options: object) -> tuple[object, ...]:
    return (experiment, *text_of(model.folder, 12, 64), *QUIET, "--threads", 1, *FEW, "--other-token", 5, *options)


def one_process(folder: Path) -> Path:
    """Where a run that is not shared writes, under the same name."""
    (folder / "one-process").mkdir()
    return folder / "one-process/result.json"


def assert_same(out: Path, whole: Path) -> None:
    """The numbers, the arrays beside them, and no journal left."""
    assert json.loads(out.read_text())["results"] == json.loads(whole.read_text())["results"]
    for arrays in whole.parent.glob("*.safetensors"):
        assert (out.parent / arrays.name).read_bytes() == arrays.read_bytes()
    assert not list(out.parent.glob("*.journal"))


@pytest.mark.parametrize(("experiment", "options"), SHARED, ids=[name for name, _ in SHARED])
def test_shards_make_the_same_result(
        experiment: str, options: tuple, program: Program, base: Planted, tmp_path: Path, shards: Callable[..., Shards]) -> None:
    words, whole = words_of(experiment, base, *options), one_process(tmp_path)
    program.result(experiment, whole, *words[1:])
    shared = shards(*words)
    shared.start(2, 0, 1)
    shared.end()
    assert_same(shared.out, whole)


def test_shards_that_are_killed_go_on(program: Program, base: Planted, tmp_path: Path, shards: Callable[..., Shards]) -> None:
    whole, words = one_process(tmp_path), words_of("identify", base, "--no-loss", "--controls", 30)
    program.result("identify", whole, *words[1:])
    shared = shards(*words)
    shared.start(0, 1, 2)
    kills = 0
    for shard, by in ((1, signal.SIGKILL), (0, signal.SIGKILL), (2, signal.SIGTERM), (0, signal.SIGUSR1)):
        kills += shared.kill(shard, by, after=30_000)
        shared.start(shard)
    assert kills > 2
    shared.end()
    assert_same(shared.out, whole)


def test_what_a_lost_shard_leaves_undone_is_done(program: Program, base: Planted, tmp_path: Path, shards: Callable[..., Shards]) -> None:
    """Shard 1 never comes; what shard 2 did before it was killed counts."""
    whole, words = one_process(tmp_path), words_of("identify", base, "--no-frozen", "--no-loss")
    program.result("identify", whole, *words[1:])
    shared = shards(*words)
    shared.start(0, 2, options=("--patience", 1))
    shared.kill(2, signal.SIGKILL, after=50_000)
    del shared.running[2]
    shared.end()
    assert_same(shared.out, whole)


def test_a_shard_without_shard_0_ends(base: Planted, tmp_path: Path, shards: Callable[..., Shards]) -> None:
    alone = shards(*words_of("zero-sweep", base))
    alone.start(1, options=("--patience", 1))
    error = alone.running[1].communicate(timeout=120)[1]
    assert alone.running[1].returncode == 1
    assert_one_line(error, ["result.lists.journal", "nothing was heard of shard 0"])


def test_a_shard_ends_whose_draw_is_over(base: Planted, tmp_path: Path, shards: Callable[..., Shards]) -> None:
    """Shard 0 has written the result, and deleted the lists of every draw, before this one looked for them."""
    late = shards(*words_of("identify", base, "--draws", 2))
    late.start(1, options=("--patience", 5))
    time.sleep(3)
    late.out.write_text("written by shard 0")
    late.running[1].communicate(timeout=50)
    assert late.running[1].returncode == 0


def test_shards_of_another_run_are_refused(base: Planted, shards: Callable[..., Shards]) -> None:
    shared = shards("zero-sweep", *list_words(base))
    shared.start(0, options=("--patience", 60))
    while not shared.out.with_suffix(".lists.journal").exists():
        time.sleep(0.01)
    shared.start(1, options=("--seed", 5))
    error = shared.running[1].communicate(timeout=120)[1]
    assert shared.running[1].returncode == 2
    assert_one_line(error.replace("\n  ", " "), ["shard 0 works on another run", "numerics/seed: 0 there, 5 here"])
