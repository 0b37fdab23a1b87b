"""Experiments of trials as array jobs of a real Slurm: the tasks share the trials that task 0 chooses, and give one process's bytes,
undisturbed, requeued, signalled, and when a task never comes."""

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
OTHERS = {"magc": {}, "gate-readout": {}, "channel-patch": {"sites": "blocks.1.hook_resid_mid"}}  # what they take beside it
WITH_ARRAYS = ("identify", "gate-readout")  # in a .safetensors file beside the result


class Cluster:
    """Slurm, and what its jobs take for the repository: links to the true one, and the program under test."""

    def __init__(self, slurm: PrivateSlurm, folder: Path, program: Program, model: Path) -> None:
        self.slurm, self.folder = slurm, folder
        (folder / "scripts").symlink_to(ROOT / "scripts")
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/sinkscope").symlink_to(program.path.resolve())
        self.text = [*map(str, text_of(model, 24, 64))]
        self.wholes: dict[str, Path] = {}

    def config(self, experiment: str) -> str:
        words = {flag.removeprefix("--"): value for flag, value in zip(self.text[::2], self.text[1::2])}
        name = f"{experiment}.json"
        (self.folder / name).write_text(json.dumps(OPTIONS | words | OTHERS.get(experiment, {})))
        return name

    def whole(self, experiment: str) -> Path:
        """What one process makes."""
        if experiment not in self.wholes:
            self.wholes[experiment] = whole = self.folder / "whole" / f"{experiment}.json"
            whole.parent.mkdir(exist_ok=True)
            words = [experiment, "--config", self.config(experiment), "--threads", "1", "--quiet", "--out", whole]
            subprocess.run(["build/release/sinkscope", *words], cwd=self.folder, check=True)
        return self.wholes[experiment]

    def task(self, job: str, i: int) -> dict[str, str]:
        return self.slurm.job(f"{job}_{i}")


@pytest.fixture(scope="module")
def whole_cluster(program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # Slurm is taken down then, too
    with PrivateSlurm(nodes=TASKS) as slurm:
        yield Cluster(slurm, tmp_path_factory.mktemp("repository"), program, planted("base").folder)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def cluster(whole_cluster: Cluster) -> Iterator[Cluster]:
    yield whole_cluster
    whole_cluster.slurm.cancel_all()  # what a failed test leaves would hold up the next


class Array:
    """The tasks of one run."""

    def __init__(self, cluster: Cluster, name: str, *options: object, experiment: str = "identify",
                 tasks: str = f"0-{TASKS - 1}") -> None:
        self.cluster, self.experiment, self.options = cluster, experiment, options
        self.out = cluster.folder / name / f"{experiment}.json"
        self.whole = cluster.whole(experiment)
        self.job = self.send(tasks)

    def send(self, tasks: str) -> str:
        words = ("sbatch", "--parsable", "--cpus-per-task=1", f"--array={tasks}", "scripts/slurm/trials.sbatch", self.experiment,
                 self.cluster.config(self.experiment), f"{self.out.parent.name}/{self.out.name}", TASKS, *self.options)
        return self.cluster.slurm.run(*words, cwd=self.cluster.folder).strip()

    def disturb(self, size: int) -> None:
        """Once the journals have grown, task 1 is requeued, and task 0 is told that its time ends."""
        self.until_journals_have(size)
        self.cluster.slurm.run("scontrol", "requeue", f"{self.job}_1")
        self.cluster.slurm.run("scancel", "--signal=USR1", f"{self.job}_0")  # to the program alone, as --signal does before the limit

    def restarts(self) -> list[str]:
        return [self.cluster.task(self.job, i)["Restarts"] for i in range(TASKS)]

    def until_journals_have(self, size: int) -> None:
        def grown() -> bool:
            return sum(file.stat().st_size for file in self.out.parent.glob("*.journal")) > size

        until(f"journals of {size} bytes", grown)

    def logs(self) -> str:
        return "\n".join(f"{file.name}:\n{file.read_text()}" for file in sorted(self.cluster.folder.glob("slurm-*.out")))

    def assert_as_one_process(self, job: str | None = None, tasks: range = range(TASKS)) -> None:
        job = job or self.job
        for i in tasks:
            until(f"task {i} to end", lambda i=i: self.cluster.task(job, i)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), 120)
            assert self.cluster.task(job, i)["JobState"] == "COMPLETED", self.logs()
        made, wanted = (json.loads(file.read_text()) for file in (self.out, self.whole))
        assert made["results"] == wanted["results"]
        beside, wanted_beside = ([(one.name, one.read_bytes()) for one in sorted(file.parent.glob(f"{self.experiment}*.safetensors"))]
                                 for file in (self.out, self.whole))
        assert beside == wanted_beside and bool(beside) == (self.experiment in WITH_ARRAYS)
        assert not list(self.out.parent.glob("*.journal"))


def test_an_array_gives_one_processes_bytes_and_leaves_them_when_sent_again(cluster: Cluster) -> None:
    array = Array(cluster, "undisturbed")
    array.assert_as_one_process()
    before = array.out.stat().st_mtime_ns
    array.assert_as_one_process(array.send("1-2"), range(1, 3))
    assert array.out.stat().st_mtime_ns == before


def test_requeued_and_signalled_tasks_go_on(cluster: Cluster) -> None:
    array = Array(cluster, "requeued")
    array.disturb(200_000)
    array.assert_as_one_process()
    assert array.restarts() == ["1", "1", "0"]


@pytest.mark.parametrize("experiment", OTHERS)
def test_other_searches_go_on_likewise(experiment: str, cluster: Cluster) -> None:
    array = Array(cluster, "others", experiment=experiment)
    array.disturb(20_000)
    array.assert_as_one_process()
    assert array.restarts() == ["1", "1", "0"]


def test_a_task_that_never_comes_is_done_without(cluster: Cluster) -> None:
    Array(cluster, "lost", "--patience", 2, tasks="0-1").assert_as_one_process(tasks=range(2))
