"""Sweeps as array jobs of a real Slurm: undisturbed, requeued, signalled, preempted, on a node that fails, done twice."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.private_slurm import PrivateSlurm, installed, until
from support.program import Program
from support.sweeps import assert_same

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(not installed(), reason="Slurm is not installed (scripts/setup.sh --with-slurm)"),
]
# Some seconds a shard, so that there is a middle to disturb; small units, so that a signal is answered at once.
CONFIG = {"model": "models/demo", "text": "models/demo/text.txt", "device": "cpu", "samples": 4, "length": 64,
          "ids": "0-1535", "ids-per-unit": 4}


class Cluster:
    """Slurm, and what its jobs take for the repository: links to the true one, and the program under test."""

    def __init__(self, slurm: PrivateSlurm, folder: Path, program: Program) -> None:
        self.slurm, self.folder, self.whole = slurm, folder, folder / "whole/sweep.json"
        for name in (".venv", "models", "scripts"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/sinkscope").symlink_to(program.path.resolve())
        (folder / "config.json").write_text(json.dumps(CONFIG))

    def run_in_one_process(self) -> None:
        self.whole.parent.mkdir()
        words = ["vocab-sweep", "--config", "config.json", "--threads", "1", "--quiet", "--out", self.whole]
        subprocess.run(["build/release/sinkscope", *words], cwd=self.folder, check=True)

    def submit(self, *words: object) -> str:
        return self.slurm.run("sbatch", "--parsable", *words, cwd=self.folder).strip()

    def until_ended(self, job: str) -> None:
        until(f"job {job} to end", lambda: self.slurm.job(job)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"))


@pytest.fixture(scope="module")
def whole_cluster(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # Slurm is taken down then, too
    with PrivateSlurm(nodes=3) as slurm:
        cluster = Cluster(slurm, tmp_path_factory.mktemp("repository"), program)
        cluster.run_in_one_process()
        yield cluster
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def cluster(whole_cluster: Cluster) -> Iterator[Cluster]:
    yield whole_cluster
    whole_cluster.slurm.cancel_all()  # what a failed test leaves would hold up the next


class Sweep:
    """An array job, and the job that waits for it to merge its shards."""

    def __init__(self, cluster: Cluster, name: str, *options: str, config: str = "config.json", shards: int = 3) -> None:
        self.cluster, self.folder, self.config, self.shards = cluster, cluster.folder / name, config, shards
        self.job = self.send(f"--array=0-{shards - 1}", *options)
        self.merge = cluster.submit(f"--dependency=afterok:{self.job}", "scripts/slurm/merge.sbatch", name)

    def send(self, *options: str) -> str:
        words = ("scripts/slurm/vocab_sweep.sbatch", self.config, self.folder.name, self.shards)
        return self.cluster.submit("--cpus-per-task=1", *options, *words)

    def task(self, i: int) -> dict[str, str]:
        return self.cluster.slurm.job(f"{self.job}_{i}")

    def journal(self, i: int) -> bytes:
        file = self.folder / f"sweep-{i}.journal"
        return file.read_bytes() if file.exists() else b""

    def logs(self) -> str:
        files = sorted(self.cluster.folder.glob(f"slurm-{self.job}_*.out")) + sorted(self.cluster.folder.glob(f"slurm-{self.merge}.out"))
        return "\n".join(f"{file.name}:\n{file.read_text()}" for file in files)

    def until_in_the_middle(self) -> None:
        until("units in every journal", lambda: all(len(self.journal(i)) > 10_000 for i in range(3)))

    def until_they_go_on(self, *tasks: int) -> None:
        """Stopped tasks begin again and add to the records that they had. A record holds when it was made: one made anew differs."""
        until("the tasks to stop", lambda: all(self.task(i)["JobState"] == "PENDING" for i in tasks))
        kept, gone_on = {}, set()

        def look() -> bool:
            for i in tasks:
                journal = self.journal(i)
                if self.task(i)["JobState"] == "PENDING":
                    kept[i] = journal
                elif len(journal) > len(kept[i]):
                    assert journal.startswith(kept[i]), f"task {i} began anew"
                    gone_on.add(i)
            return len(gone_on) == len(tasks)

        until("the tasks to go on", look)

    def assert_whole(self) -> None:
        self.cluster.until_ended(self.merge)
        assert self.cluster.slurm.job(self.merge)["JobState"] == "COMPLETED", self.logs()
        assert_same(self.folder / "sweep.json", self.cluster.whole)
        assert (self.folder / "sweep.png").stat().st_size > 1000

    def assert_restarts(self, *restarts: int) -> None:
        assert [self.task(i)["Restarts"] for i in range(3)] == [*map(str, restarts)]


def test_an_array_gives_a_single_runs_bytes_and_leaves_them_when_sent_again(cluster: Cluster) -> None:
    def files() -> dict[Path, tuple[int, bytes]]:
        return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in sweep.folder.iterdir()}

    sweep = Sweep(cluster, "undisturbed")
    sweep.assert_whole()
    sweep.assert_restarts(0, 0, 0)
    assert sorted(sweep.task(i)["NodeList"] for i in range(3)) == cluster.slurm.nodes
    before = files()
    again = sweep.send("--array=1")
    cluster.until_ended(f"{again}_1")
    assert cluster.slurm.job(f"{again}_1")["JobState"] == "COMPLETED"
    assert files() == before


def test_requeued_and_signalled_tasks_go_on(cluster: Cluster) -> None:
    sweep = Sweep(cluster, "requeued")
    sweep.until_in_the_middle()
    cluster.slurm.run("scontrol", "requeue", f"{sweep.job}_0")
    cluster.slurm.run("scancel", "--signal=USR1", f"{sweep.job}_2")  # to the program alone, as --signal does before the limit
    sweep.until_they_go_on(0, 2)
    sweep.assert_whole()
    sweep.assert_restarts(1, 0, 1)  # not all: the last task's own job number is the array's


def test_preempted_tasks_go_on(cluster: Cluster) -> None:
    sweep = Sweep(cluster, "preempted", "--partition=spot")
    sweep.until_in_the_middle()
    cluster.submit("--partition=main", "--nodes=3", "--wrap=true")
    sweep.until_they_go_on(0, 1, 2)
    sweep.assert_whole()
    sweep.assert_restarts(1, 1, 1)


def test_a_task_whose_node_fails_goes_on_elsewhere(cluster: Cluster, request: pytest.FixtureRequest) -> None:
    sweep = Sweep(cluster, "node-down")
    sweep.until_in_the_middle()
    node = sweep.task(1)["NodeList"]
    cluster.slurm.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    request.addfinalizer(lambda: cluster.slurm.run("scontrol", "update", f"nodename={node}", "state=resume"))
    sweep.until_they_go_on(1)
    assert sweep.task(1)["NodeList"] != node
    sweep.assert_whole()
    sweep.assert_restarts(0, 1, 0)


def test_ranks_of_a_task_have_shards_of_their_own(cluster: Cluster) -> None:
    Sweep(cluster, "ranks", "--array=0-1", "--ntasks=2", shards=4).assert_whole()


def test_bad_input_fails_once_and_cancels_the_merge(cluster: Cluster) -> None:
    sweep = Sweep(cluster, "bad", config="nowhere.json")
    cluster.until_ended(sweep.merge)
    assert cluster.slurm.job(sweep.merge)["JobState"] == "CANCELLED"
    assert {(task["JobState"], task["ExitCode"]) for task in map(sweep.task, range(3))} == {("FAILED", "2:0")}
    sweep.assert_restarts(0, 0, 0)
