#!/usr/bin/env python3
"""Measures sinkscope, its peers and the ceiling in turn and writes bench/results/<machine>.json and .md.

Every contender is a process of its own on the same weights, shapes, dtype and threads; a round runs each once, and the
rounds are interleaved, so that a slow minute of the machine meets all of them. Seconds are of one forward pass.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench"
# sinkscope keeps its memory by itself; for the others too, page faults shall not count: here they can treble a pass
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592", "MALLOC_TOP_PAD_": "268435456"}
CONTENDERS = ["ceiling", "sinkscope", "published", "sdpa", "transformerlens"]
NAMES = {"ceiling": "matrix products and fused attention alone", "sinkscope": "sinkscope scan --measure sink",
         "sinkscope-fp8": "sinkscope, --dtype fp8 (approximate)",
         "published": "transformers, eager, all attentions", "sdpa": "transformers, SDPA, measures nothing",
         "transformerlens": "TransformerLens, hook_pattern of every layer"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four layers, one round: a look, a record only where --out names it")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    parser.add_argument("--like", help="published shape (qwen3-0.6b on a CPU, qwen3-8b on a GPU)")
    parser.add_argument("--contenders", help=f"default {','.join(CONTENDERS)}, on a GPU sinkscope-fp8 too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passes", type=int, default=2, help="timed passes a process, after one to warm up (%(default)s)")
    parser.add_argument("--dtypes", default="float32,bfloat16")
    parser.add_argument("--shapes", help="samples x tokens: 64x32,8x512 on a CPU, 64x32,32x512 on a GPU")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--build", type=Path, default=ROOT / "build/release", help="where the programs are (%(default)s)")
    parser.add_argument("--out", type=Path, help="default: bench/results/<machine>, and the shape where --like names one")
    args = parser.parse_args()
    on_gpu = args.device != "cpu"
    args.like = args.like or usual_shape(args)
    args.shapes = args.shapes or ("64x32,32x512" if on_gpu else "64x32,8x512")
    args.contenders = args.contenders or ",".join(CONTENDERS + ["sinkscope-fp8"] * on_gpu)
    if on_gpu and args.dtypes == "float32,bfloat16":
        args.dtypes = "bfloat16"
    if args.quick:
        args.rounds = 1
    return args


def usual_shape(args: argparse.Namespace) -> str:
    return "qwen3-8b" if args.device != "cpu" else "qwen3-0.6b"


def checkpoint(args: argparse.Namespace) -> Path:
    out = WORK / (args.like + ("-4-layers" if args.quick else ""))
    if not out.exists():
        layers = ["--layers", "4"] if args.quick else []
        run([args.build / "sinkscope", "random-model", "--like", args.like, *layers, "--seed", "1", "--out", out])
    return out


def run(command: list) -> str:
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | KEEP_MEMORY)
    if done.returncode:
        sys.exit(f"bench: exit code {done.returncode} of: {' '.join(map(str, command))}")
    return done.stdout


def sinkscope(model: Path, shape: list, args: argparse.Namespace, dtype: str) -> dict:
    """Passes after the first, from the result's own times; memory and page faults from the kernel."""
    out, (samples, length) = WORK / "scan.json", shape
    command = [args.build / "sinkscope", "scan", "--measure", "sink", "--model", model, "--tokens", "random", "--quiet", "--force",
               "--samples", samples * (1 + args.passes), "--batch-size", samples, "--length", length, "--dtype", dtype,
               "--device", args.device, "--threads", args.threads, "--track", "0", "--out", out]
    pid = os.spawnv(os.P_NOWAIT, str(command[0]), list(map(str, command)))
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"bench: sinkscope failed: {' '.join(map(str, command))}")
    timing = json.loads(out.read_text())["timing"]
    return {"seconds": [(timing["run_s"] - timing["first_pass_s"]) / args.passes], "peak_mb": usage.ru_maxrss / 1024,
            "gpu_peak_mb": timing["peak_memory_gb"] * 1e9 / 2**20 if args.device != "cpu" else None, "page_faults_in_all": usage.ru_minflt,
            "load_s": timing["load_s"]}


def measure(contender: str, model: Path, shape: list, dtype: str, args: argparse.Namespace) -> dict:
    if contender.startswith("sinkscope"):
        return sinkscope(model, shape, args, "fp8" if contender == "sinkscope-fp8" else dtype)
    program = [args.build / "bench/ceiling"] if contender == "ceiling" else [sys.executable, ROOT / "bench/peer.py", contender]
    out = run([*program, "--model", model, "--samples", shape[0], "--length", shape[1], "--dtype", dtype, "--device", args.device,
               "--passes", args.passes, "--threads", args.threads])
    return json.loads(out.strip().splitlines()[-1])


def summarise(contender: str, shape: list, dtype: str, found: list[dict]) -> dict:
    seconds = [s for one in found for s in one["seconds"]]
    extra = {name: max(one[name] for one in found) for name in found[0]
             if name not in ("seconds", "peak_mb", "ways") and found[0][name] is not None}
    if "ways" in found[0]:  # the ceiling's choices: each process tries them anew
        extra["ways"] = {part: sorted({one["ways"][part] for one in found}) for part in found[0]["ways"]}
    return {"contender": contender, "samples": shape[0], "length": shape[1], "dtype": dtype,
            "seconds": statistics.median(seconds), "least": min(seconds), "most": max(seconds),
            "peak_mb": max(one["peak_mb"] for one in found), **extra}


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())


def spelled(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds >= 1 else f"{seconds:.4f}"


def table(record: dict) -> str:
    """Markdown, a row a contender, grouped by shape and dtype; `ratio` is the ceiling's time over the contender's."""
    device = record["device_name"] + (f" (driver {record['driver']})" if "driver" in record else "")
    lines = [f"{record['model']}, {device}, {record['threads']} threads, torch {record['torch']}, {record['date']}; "
             f"`{record['command']}`", "",
             "| samples × tokens | dtype | contender | seconds a pass | ratio to the ceiling | peak memory | beside the weights |",
             "|---|---|---|---|---|---|---|"]
    ceilings = {(r["samples"], r["length"], r["dtype"]): r["seconds"] for r in record["rows"] if r["contender"] == "ceiling"}
    for row in record["rows"]:
        ceiling = ceilings.get((row["samples"], row["length"], row["dtype"]))
        ratio = f"{ceiling / row['seconds']:.2f}" if ceiling else ""
        peak = (row.get("gpu_peak_mb") or row["peak_mb"]) / 1024
        beside = peak - record["weights_gib"][row["dtype"]]
        memory = "– | –" if row["contender"] == "ceiling" else f"{peak:.2f} GiB | {beside:.2f} GiB"
        lines.append(f"| {row['samples']} × {row['length']} | {row['dtype']} | {NAMES[row['contender']]} | {spelled(row['seconds'])} "
                     f"({spelled(row['least'])} to {spelled(row['most'])}) | {ratio} | {memory} |")
    return "\n".join(lines) + "\n"


def driver() -> str:
    done = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"], capture_output=True, text=True)
    return done.stdout.strip()


def settings() -> list[str]:
    """The command line's words, without places."""
    words = sys.argv[1:]
    for place in ("--build", "--out"):
        if place in words:
            at = words.index(place)
            words = words[:at] + words[at + 2 :]
    return words


def describe(model: Path, args: argparse.Namespace) -> dict:
    import torch

    stored = sum(file.stat().st_size for file in model.glob("*.safetensors"))  # in bfloat16
    name = torch.cuda.get_device_name() if args.device != "cpu" else machine()
    return {"model": model.name, "device_name": name, **({"driver": driver()} if args.device != "cpu" else {}), "threads": args.threads,
            "torch": torch.__version__, "date": datetime.date.today().isoformat(),
            "command": " ".join(["scripts/bench.sh", *settings()]),
            "weights_gib": {"bfloat16": stored / 2**30, "float32": stored / 2**29}, "rows": []}


def file_name(device: str) -> str:
    return re.sub(r"\W+", "-", device.lower()).strip("-")


def write(record: dict, args: argparse.Namespace) -> None:
    """Of what is measured so far: a run that is cut keeps it."""
    shape = "" if args.like == usual_shape(args) else f"-{args.like}"
    out = args.out or ROOT / "bench/results" / file_name(f"{record['device_name']}-{args.threads}{shape}")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    out.with_suffix(".md").write_text(table(record))


def main() -> None:
    args = parse()
    WORK.mkdir(parents=True, exist_ok=True)
    model = checkpoint(args)
    record = describe(model, args)
    for shape in ([int(n) for n in s.split("x")] for s in args.shapes.split(",")):
        for dtype in args.dtypes.split(","):
            found: dict[str, list] = {name: [] for name in args.contenders.split(",")}
            for _ in range(args.rounds):
                for contender in found:
                    found[contender].append(measure(contender, model, shape, dtype, args))
                    print(f"{shape[0]} x {shape[1]} {dtype} {contender}: {found[contender][-1]['seconds']}", file=sys.stderr, flush=True)
            record["rows"] += [summarise(contender, shape, dtype, each) for contender, each in found.items()]
            if args.out or not args.quick:
                write(record, args)
    print(table(record))


if __name__ == "__main__":
    main()
