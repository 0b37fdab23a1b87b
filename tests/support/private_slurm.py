"""A private Slurm on loopback: its own munged, slurmctld and slurmds, with fake GPUs, inside one folder that goes with it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# Debian keeps the daemons where an ordinary user's PATH does not look.
PATH = os.environ["PATH"] + ":/usr/sbin"

# cred_expire is also how long a requeued job waits (else two minutes). config_overrides: nodes are what this file says.
# ReturnToService=1: a node that was set down stays down.
SLURM_CONF = """\
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=1
KillWait=3
MailProg=/bin/true
PropagateResourceLimits=NONE
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES PriorityTier=2 PreemptMode=OFF
PartitionName=spot Nodes=ALL PriorityTier=1 GraceTime=20
"""


def installed() -> bool:
    return all(shutil.which(program, path=PATH) for program in ("munged", "slurmctld", "slurmd", "sbatch"))


def free_ports(count: int) -> list[int]:
    """Held all at once, so that no two are the same."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def until(what: str, done: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


def kill_all_of(folder: str) -> None:
    """Daemons, and jobs, which outlive them: whatever has our slurm.conf in its environment."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"SLURM_CONF={folder}/".encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:  # ended meanwhile, or another user's
            pass


class PrivateSlurm:
    """Nodes node0, node1, ... of one CPU and one GPU; a context manager that starts them and takes everything down."""

    def __init__(self, nodes: int) -> None:
        self.nodes = [f"node{i}" for i in range(nodes)]
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # sockets' paths end at 108 bytes: TMPDIR may be long
        # A test may be killed outright: then this pipe's end tells a process of another session to clean up.
        self.keeper = subprocess.Popen(["setsid", "--fork", sys.executable, __file__, self.folder], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.daemons: list[subprocess.Popen] = []
        # A test that is itself a job of some cluster must not talk to that one.
        outer = ("SLURM", "SBATCH", "SRUN", "SCANCEL", "SQUEUE", "SINFO")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(outer)}
        self.environment |= {"PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def __enter__(self) -> PrivateSlurm:
        try:
            self.write_configuration()
            self.start_daemons()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if len(self.daemons) > 1:
                self.cancel_all()
        finally:
            for daemon in reversed(self.daemons):  # munged, the first, signs what the others say
                daemon.terminate()
                try:
                    daemon.wait(10)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()
            shutil.rmtree(self.folder)
            self.keeper.communicate()

    def write_configuration(self) -> None:
        self.folder.chmod(0o755)
        (self.folder / "munge").mkdir(mode=0o711)
        (self.folder / "state").mkdir(mode=0o700)
        key = self.folder / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(256))
        gpu = self.folder / "nvidia0"
        gpu.symlink_to("/dev/null")  # a character device is all that Slurm asks for
        (self.folder / "gres.conf").write_text(f"AutoDetect=off\nName=gpu File={gpu}\n")
        host = socket.gethostname().split(".")[0]
        port, *ports = free_ports(1 + len(self.nodes))
        text = SLURM_CONF.format(host=host, port=port, user=self.user, folder=self.folder)
        for name, own in zip(self.nodes, ports):
            text += f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={own} CPUs=1 RealMemory=1000000 Gres=gpu:1\n"
        (self.folder / "slurm.conf").write_text(text)

    def start_daemons(self) -> None:
        munge = self.folder / "munge"
        self.start("munged", "--foreground", f"--socket={munge}/socket", f"--key-file={munge}/key", f"--pid-file={munge}/pid",
                   f"--seed-file={munge}/seed", f"--log-file={munge}/log")
        until("munged's socket", (munge / "socket").is_socket, 10)
        self.start("slurmctld", "-D")
        for name in self.nodes:
            (self.folder / f"spool.{name}").mkdir()
            self.start("slurmd", "-D", "-N", name)
        until("all nodes to be idle", lambda: self.node_states() == ["idle"] * len(self.nodes), 30)

    def start(self, program: str, *words: str) -> None:
        with (self.folder / "daemons.log").open("ab") as log:
            self.daemons.append(subprocess.Popen([program, *words], env=self.environment,
                                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def run(self, *words: object, **options) -> str:
        done = subprocess.run([*map(str, words)], env=self.environment, capture_output=True, text=True, timeout=30, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def node_states(self) -> list[str]:
        try:
            return self.run("sinfo", "--noheader", "-N", "-p", "main", "-o", "%T").split()
        except RuntimeError:  # slurmctld does not listen yet
            return []

    def job(self, number: str) -> dict[str, str]:
        """What Slurm says of a job or, 7_2, of a task of an array: JobState, Restarts, NodeList, ExitCode, ..."""
        line = self.run("scontrol", "-o", "show", "job", number)
        return dict(field.split("=", 1) for field in line.split() if "=" in field)

    def cancel_all(self) -> None:
        """slurmstepd outlives slurmd on purpose, so that jobs have to end first."""
        self.run("scancel", "--user", self.user)
        until("jobs to end", lambda: not self.run("squeue", "--noheader").strip(), 20)


if __name__ == "__main__":
    sys.stdin.read()
    kill_all_of(sys.argv[1])
    shutil.rmtree(sys.argv[1], ignore_errors=True)
