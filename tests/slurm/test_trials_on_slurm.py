"""identify as an array job of a real Slurm: its tasks share the trials that task 0 chooses, and give one process's bytes, undisturbed,
requeued, signalled, and when a task never comes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.private_slurm import PrivateSlurm, installed, until
from support.program import Program, text_of

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(not installed(), reason="Slurm is not installed (scripts/setup.sh --with-slurm)"),
]
TASKS = 3
OPTIONS = {"device": "cpu", "controls": 60, "no-loss": True}


class Cluster:
    """Slurm, and what its jobs take for the repository: links to the true one, and the program under test."""

    def __init__(self, slurm: PrivateSlurm, folder: Path, program: Program, model: Path) -> None:
        self.slurm, self.folder = slurm, folder
        (folder / "scripts").symlink_to(ROOT / "scripts")
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/sinkscope").symlink_to(program.path.resolve())
        asked = [*map(str, text_of(model, 24, 64))]
        words = {flag.removeprefix("--"): value for flag, value in zip(asked[::2], asked[1::2])}
        (folder / "config.json").write_text(json.dumps(OPTIONS | words))

    def run_in_one_process(self) -> Path:
        whole = self.folder / "whole/identify.json"
        whole.parent.mkdir()
        words = ["identify", "--config", "config.json", "--threads", "1", "--quiet", "--out", whole]
        subprocess.run(["build/release/sinkscope", *words], cwd=self.folder, check=True)
        return whole

    def task(self, job: str, i: int) -> dict[str, str]:
        return self.slurm.job(f"{job}_{i}")


@pytest.fixture(scope="module")
def whole_cluster(program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # Slurm is taken down then, too
    with PrivateSlurm(nodes=TASKS) as slurm:
        yield Cluster(slurm, tmp_path_factory.mktemp("repository"), program, planted("base").folder)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def whole(whole_cluster: Cluster) -> Path:
    return whole_cluster.run_in_one_process()


@pytest.fixture
def cluster(whole_cluster: Cluster) -> Iterator[Cluster]:
    yield whole_cluster
    whole_cluster.slurm.cancel_all()  # what a failed test leaves would hold up the next


class Array:
    """The tasks of one run."""

    def __init__(self, cluster: Cluster, name: str, *options: object, tasks: str = f"0-{TASKS - 1}") -> None:
        self.cluster, self.out, self.options = cluster, cluster.folder / name / "identify.json", options
        self.job = self.send(tasks)

    def send(self, tasks: str) -> str:
        words = ("sbatch", "--parsable", "--cpus-per-task=1", f"--array={tasks}", "scripts/slurm/trials.sbatch", "identify",
                 "config.json", f"{self.out.parent.name}/identify.json", TASKS, *self.options)
        return self.cluster.slurm.run(*words, cwd=self.cluster.folder).strip()

    def until_journals_have(self, size: int) -> None:
        def grown() -> bool:
            return sum(file.stat().st_size for file in self.out.parent.glob("*.journal")) > size

        until(f"journals of {size} bytes", grown)

    def logs(self) -> str:
        return "\n".join(f"{file.name}:\n{file.read_text()}" for file in sorted(self.cluster.folder.glob("slurm-*.out")))

    def assert_same_as(self, whole: Path, job: str | None = None, tasks: range = range(TASKS)) -> None:
        job = job or self.job
        for i in tasks:
            until(f"task {i} to end", lambda i=i: self.cluster.task(job, i)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), 120)
            assert self.cluster.task(job, i)["JobState"] == "COMPLETED", self.logs()
        made, wanted = (json.loads(file.read_text()) for file in (self.out, whole))
        assert made["results"] == wanted["results"]
        assert self.out.with_suffix(".safetensors").read_bytes() == whole.with_suffix(".safetensors").read_bytes()
        assert not list(self.out.parent.glob("*.journal"))


def test_an_array_gives_one_processes_bytes_and_leaves_them_when_sent_again(cluster: Cluster, whole: Path) -> None:
    array = Array(cluster, "undisturbed")
    array.assert_same_as(whole)
    before = array.out.stat().st_mtime_ns
    again = array.send("1-2")
    array.assert_same_as(whole, again, range(1, 3))
    assert array.out.stat().st_mtime_ns == before


def test_requeued_and_signalled_tasks_go_on(cluster: Cluster, whole: Path) -> None:
    array = Array(cluster, "requeued")
    array.until_journals_have(200_000)
    cluster.slurm.run("scontrol", "requeue", f"{array.job}_1")
    cluster.slurm.run("scancel", "--signal=USR1", f"{array.job}_0")  # to the program alone, as --signal does before the limit
    array.assert_same_as(whole)
    assert [cluster.task(array.job, i)["Restarts"] for i in range(TASKS)] == ["1", "1", "0"]


def test_a_task_that_never_comes_is_done_without(cluster: Cluster, whole: Path) -> None:
    Array(cluster, "lost", "--patience", 2, tasks="0-1").assert_same_as(whole, tasks=range(2))
