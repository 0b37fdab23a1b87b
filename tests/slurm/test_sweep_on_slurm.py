"""Sweeps as array jobs of a real Slurm: undisturbed, requeued, signalled, preempted, on a node that fails, done twice.

Run: sweep_on_slurm.py PROGRAM. Exit code 77 where Slurm is not installed.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from private_slurm import PrivateSlurm, installed, until

ROOT = Path(__file__).resolve().parent.parent.parent
IDENTICAL = ["experiment", "model", "tokenizer", "data", "metrics", "results"]  # timing and command may differ
# Some seconds a shard, so that there is a middle to disturb; small units, so that a signal is answered at once.
CONFIG = {"model": "models/demo", "text": "models/demo/text.txt", "device": "cpu", "samples": 4, "length": 64,
          "ids": "0-1535", "ids-per-unit": 4}
SLURM: PrivateSlurm
REPOSITORY: Path  # what the scripts take for the repository: links to the true one, and the program under test


def make_repository(folder: Path, program: str) -> Path:
    for name in (".venv", "models", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "build/release").mkdir(parents=True)
    (folder / "build/release/sinkscope").symlink_to(Path(program).resolve())
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def run_in_one_process(folder: Path) -> None:
    folder.mkdir()
    subprocess.run(["build/release/sinkscope", "vocab-sweep", "--config", "config.json", "--threads", "1", "--quiet",
                    "--out", folder / "sweep.json"], cwd=REPOSITORY, check=True)


def submit(*words: object) -> str:
    return SLURM.run("sbatch", "--parsable", *words, cwd=REPOSITORY).strip()


def contents(out: Path) -> tuple[str, bytes]:
    """What a sweep found, without when and how it was run."""
    result = json.loads(out.read_text())
    return json.dumps([result[name] for name in IDENTICAL]), out.with_suffix(".safetensors").read_bytes()


def until_ended(job: str) -> None:
    until(f"job {job} to end", lambda: SLURM.job(job)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"))


class Sweep:
    """An array job, and the job that waits for it to merge its shards."""

    def __init__(self, name: str, *options: str, config: str = "config.json", shards: int = 3) -> None:
        self.folder, self.config, self.shards = REPOSITORY / name, config, shards
        self.job = self.send(f"--array=0-{shards - 1}", *options)
        self.merge = submit(f"--dependency=afterok:{self.job}", "scripts/slurm/merge.sbatch", name)

    def send(self, *options: str) -> str:
        return submit("--cpus-per-task=1", *options, "scripts/slurm/vocab_sweep.sbatch", self.config, self.folder.name, self.shards)

    def task(self, i: int) -> dict[str, str]:
        return SLURM.job(f"{self.job}_{i}")

    def journal(self, i: int) -> bytes:
        file = self.folder / f"sweep-{i}.journal"
        return file.read_bytes() if file.exists() else b""

    def logs(self) -> str:
        files = sorted(REPOSITORY.glob(f"slurm-{self.job}_*.out")) + sorted(REPOSITORY.glob(f"slurm-{self.merge}.out"))
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


class OnSlurm(unittest.TestCase):
    def setUp(self) -> None:
        self.addCleanup(SLURM.cancel_all)  # what a failed test leaves would hold up the next

    def assert_whole(self, sweep: Sweep) -> None:
        until_ended(sweep.merge)
        self.assertEqual(SLURM.job(sweep.merge)["JobState"], "COMPLETED", sweep.logs())
        self.assertEqual(contents(sweep.folder / "sweep.json"), contents(REPOSITORY / "whole/sweep.json"))
        self.assertGreater((sweep.folder / "sweep.png").stat().st_size, 1000)

    def assert_restarts(self, sweep: Sweep, *restarts: int) -> None:
        self.assertEqual([sweep.task(i)["Restarts"] for i in range(3)], [*map(str, restarts)])

    def test_an_array_gives_a_single_runs_bytes_and_leaves_them_when_sent_again(self) -> None:
        sweep = Sweep("undisturbed")
        self.assert_whole(sweep)
        self.assert_restarts(sweep, 0, 0, 0)
        self.assertEqual(sorted(sweep.task(i)["NodeList"] for i in range(3)), SLURM.nodes)
        files = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in sweep.folder.iterdir()}
        again = sweep.send("--array=1")
        until_ended(f"{again}_1")
        self.assertEqual(SLURM.job(f"{again}_1")["JobState"], "COMPLETED")
        self.assertEqual({file: (file.stat().st_mtime_ns, file.read_bytes()) for file in sweep.folder.iterdir()}, files)

    def test_requeued_and_signalled_tasks_go_on(self) -> None:
        sweep = Sweep("requeued")
        sweep.until_in_the_middle()
        SLURM.run("scontrol", "requeue", f"{sweep.job}_0")
        SLURM.run("scancel", "--signal=USR1", f"{sweep.job}_2")  # to the program alone, as --signal does before the limit
        sweep.until_they_go_on(0, 2)
        self.assert_whole(sweep)
        self.assert_restarts(sweep, 1, 0, 1)  # not all: the last task's own job number is the array's

    def test_preempted_tasks_go_on(self) -> None:
        sweep = Sweep("preempted", "--partition=spot")
        sweep.until_in_the_middle()
        submit("--partition=main", "--nodes=3", "--wrap=true")
        sweep.until_they_go_on(0, 1, 2)
        self.assert_whole(sweep)
        self.assert_restarts(sweep, 1, 1, 1)

    def test_a_task_whose_node_fails_goes_on_elsewhere(self) -> None:
        sweep = Sweep("node-down")
        sweep.until_in_the_middle()
        node = sweep.task(1)["NodeList"]
        SLURM.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        self.addCleanup(SLURM.run, "scontrol", "update", f"nodename={node}", "state=resume")
        sweep.until_they_go_on(1)
        self.assertNotEqual(sweep.task(1)["NodeList"], node)
        self.assert_whole(sweep)
        self.assert_restarts(sweep, 0, 1, 0)

    def test_ranks_of_a_task_have_shards_of_their_own(self) -> None:
        self.assert_whole(Sweep("ranks", "--array=0-1", "--ntasks=2", shards=4))

    def test_bad_input_fails_once_and_cancels_the_merge(self) -> None:
        sweep = Sweep("bad", config="nowhere.json")
        until_ended(sweep.merge)
        self.assertEqual(SLURM.job(sweep.merge)["JobState"], "CANCELLED")
        self.assertEqual({(task["JobState"], task["ExitCode"]) for task in map(sweep.task, range(3))}, {("FAILED", "2:0")})
        self.assert_restarts(sweep, 0, 0, 0)


if __name__ == "__main__":
    program = sys.argv.pop(1)
    if not installed():
        print("skipped: Slurm is not installed (scripts/setup.sh --with-slurm)")
        sys.exit(77)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Slurm is taken down then, too
    with tempfile.TemporaryDirectory() as place, PrivateSlurm(nodes=3) as SLURM:
        REPOSITORY = make_repository(Path(place), program)
        run_in_one_process(REPOSITORY / "whole")
        unittest.main()
