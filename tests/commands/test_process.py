"""The program as a process: options and config files, determinism, dry runs, signals, figures. Run: run.py PROGRAM."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from safetensors.torch import load_file, safe_open

from sinkscope.results.schemas import validate

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "planted"
DATA = ["--model", str(MODEL), "--text", str(MODEL / "text.txt")]
PROGRAM = "sinkscope"


def run(*words: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, cwd=ROOT, **options)


class Process(unittest.TestCase):
    def setUp(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)

    def tearDown(self) -> None:
        self.place.cleanup()

    def result(self, name: str, *words: object) -> dict:
        out = self.folder / name
        done = run(*words, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(out.read_text())

    def test_the_command_line_overrides_the_config(self) -> None:
        config = self.folder / "c.json"
        config.write_text(json.dumps({"model": str(MODEL), "text": str(MODEL / "text.txt"), "samples": 3, "length": 20, "track": [0, 2]}))
        result = self.result("a.json", "scan", "--config", config, "--samples", 2, "--measure", "sink")
        validate(result)
        self.assertEqual((result["config"]["samples"], result["data"]["samples"], result["data"]["length"]), (2, 2, 20))
        self.assertEqual([s["token"] for s in result["results"]["sink"]], [0, 2])

    def test_two_runs_give_the_same_numbers(self) -> None:
        first, second = (self.result(f"{i}.json", "scan", *DATA, "--samples", 4, "--length", 40) for i in (1, 2))
        for section in ("model", "tokenizer", "data", "metrics", "results"):
            self.assertEqual(first[section], second[section])

    def test_batches_change_only_rounding(self) -> None:
        one, all_at_once = (self.result(f"{b}.json", "scan", *DATA, "--samples", 5, "--length", 40, "--batch-size", b)["results"]["sink"][0]
                            for b in (1, 5))
        for a, b in zip(one["mean_attention"]["by_layer"], all_at_once["mean_attention"]["by_layer"]):
            self.assertAlmostEqual(a, b, delta=2e-6)

    def test_windows_start_where_they_are_said_to(self) -> None:
        data = self.result("a.json", "scan", *DATA, "--samples", 7, "--length", 33, "--measure", "sink")["data"]
        self.assertEqual(data["starts"], [i * ((data["text_tokens"] - 33) // 7) for i in range(7)])

    def with_bos(self) -> Path:
        """The planted model with a tokenizer that puts <|endoftext|>, id 511, before a text, as Llama 3's does its own."""
        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        tokenizer = json.loads((model / "tokenizer.json").read_text())
        bos = "<|endoftext|>"
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [], "special_tokens": {bos: {"id": bos, "ids": [511], "tokens": [bos]}}}
        (model / "tokenizer.json").write_text(json.dumps(tokenizer))
        return model

    def test_samples_begin_with_bos_where_the_tokenizer_has_one(self) -> None:
        model, text = self.with_bos(), MODEL / "text.txt"
        scan = ["scan", "--model", model, "--measure", "sink"]
        sizes = ["--samples", 3, "--length", 21]
        auto = self.result("auto.json", *scan, "--text", text, *sizes)
        validate(auto)
        self.assertEqual((auto["data"]["bos"], auto["data"]["length"], auto["config"]["bos"]), (511, 21, "auto"))
        ids = json.loads(run("tokenize", "--model", model, "--text", text).stdout)
        step = (len(ids) - 20) // 3
        rows = self.folder / "rows.json"
        rows.write_text(json.dumps([[511, *ids[i * step : i * step + 20]] for i in range(3)]))
        by_hand = self.result("rows_result.json", *scan, "--tokens", rows)  # a file's ids are taken as they are
        self.assertEqual(by_hand["data"]["bos"], "none")
        self.assertEqual(by_hand["results"], auto["results"])
        without = self.result("without.json", *scan, "--text", text, *sizes, "--bos", "without")
        plain = self.result("plain.json", *scan[:1], "--model", MODEL, "--measure", "sink", "--text", text, *sizes)
        self.assertEqual(without["data"], plain["data"])
        self.assertEqual(without["results"], plain["results"])
        lines = self.result("lines.json", *scan, "--text", text, *sizes, "--slice", "lines")
        self.assertEqual((lines["data"]["bos"], max(lines["data"]["lengths"])), (511, 21))
        random = self.result("random.json", *scan, "--tokens", "random", *sizes, "--bos", "with")
        self.assertEqual((random["data"]["bos"], random["data"]["length"]), (511, 21))

    def test_ragged_token_files(self) -> None:
        tokens = self.folder / "t.json"
        tokens.write_text("[[5,6,7,8,9,10],[11,12,13],[14,15,16,17]]")
        result = self.result("a.json", "scan", "--model", MODEL, "--tokens", tokens, "--track", "0,2")
        validate(result)
        self.assertEqual(result["data"]["lengths"], [6, 3, 4])
        self.assertEqual([s["samples"] for s in result["results"]["sink"]], [3, 2])

    def test_activations_carry_their_provenance(self) -> None:
        out = self.folder / "a.safetensors"
        done = run("activations", *DATA, "--samples", 2, "--length", 8, "--sites", "blocks.*.hook_resid_post,blocks.1.attn.hook_pattern,logits",
                   "--dtype", "bf16", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        tensors = load_file(out)
        self.assertEqual(len(tensors), 7)
        self.assertEqual(tuple(tensors["blocks.1.attn.hook_pattern"].shape), (2, 4, 8, 8))
        self.assertEqual({str(t.dtype) for t in tensors.values()}, {"torch.bfloat16"})
        with safe_open(out, "pt") as file:
            self.assertEqual(len(json.loads(file.metadata()["ids"])), 2)
            self.assertEqual(json.loads(file.metadata()["model"])["n_layers"], 5)
        self.assertEqual(run("activations", *DATA, "--sites", "logits", "--out", out).returncode, 2)

    def test_a_dry_run_writes_nothing(self) -> None:
        done = run("vocab-sweep", *DATA, "--samples", 4, "--length", 64, "--out", self.folder / "a.json", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("tokens", "weights", "activations", "time"):
            self.assertIn(word, done.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_signal_ends_a_run_cleanly(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            child = subprocess.Popen([PROGRAM, "vocab-sweep", *DATA, "--samples", "32", "--length", "512", "--out", str(self.folder / "a.json")],
                                     stderr=subprocess.PIPE, text=True)
            child.stderr.readline()  # the first line says that the run has begun
            time.sleep(1)
            child.send_signal(number)
            error = child.communicate(timeout=60)[1]
            self.assertEqual(child.returncode, 75, error)
            self.assertIn("signal", error)
            self.assertEqual([path.name for path in self.folder.iterdir()], ["a.journal"])  # where the same command goes on

    def test_a_second_signal_ends_it_at_once(self) -> None:
        child = subprocess.Popen([PROGRAM, "vocab-sweep", *DATA, "--samples", "32", "--length", "512", "--ids-per-unit", "1000",
                                  "--out", str(self.folder / "a.json")], stderr=subprocess.PIPE, text=True)
        while not (self.folder / "a.journal").exists() and child.poll() is None:  # it stands before the first unit begins
            time.sleep(0.1)
        time.sleep(1)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(child.poll())  # the unit in flight takes minutes
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
        self.assertEqual(child.returncode, -signal.SIGTERM)

    def test_full_disk_leaves_nothing(self) -> None:
        done = run("scan", *DATA, "--samples", 2, "--length", 16, "--out", "/dev/full/a.json")
        self.assertEqual(done.returncode, 2)

    def test_lists_and_version(self) -> None:
        self.assertEqual(run("--version").returncode, 0)
        self.assertIn("Exit codes", run("--help").stdout)
        self.assertIn("blocks.L.attn.hook_rot_q", run("hooks").stdout)
        self.assertIn("96", run("hooks", "--model", MODEL).stdout)
        self.assertEqual(json.loads(run("info", "--model", MODEL, "--json").stdout)["n_layers"], 5)
        self.assertEqual(run().returncode, 2)

    def test_compare_wants_the_same_model(self) -> None:
        result = self.folder / "a.json"
        self.result("a.json", "scan", *DATA, "--samples", 2, "--length", 16)
        self.assertEqual(run("compare", result).returncode, 2)
        reference = json.loads((ROOT / "configs/reference/qwen3-8b.json").read_text())
        reference["shape"] = {"n_layers": 5}
        own = self.folder / "r.json"
        own.write_text(json.dumps(reference))
        done = run("compare", result, "--reference", own)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("layer 4", done.stdout)
        self.assertIn("samples 2 here, 50 there", done.stdout)

    def test_cuda_without_a_gpu_says_what_is_missing(self) -> None:
        done = run("scan", *DATA, "--samples", 2, "--length", 16, "--device", "cuda", "--out", self.folder / "a.json")
        if done.returncode == 0:
            self.skipTest("there is a GPU")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)

    def test_figures_are_drawn_the_same_twice(self) -> None:
        runs = {"scan": [], "rope-swap": ["--first-to", "1,8"], "self-mask": ["--layer-sets", "0;0-1"],
                "mlp-probe": ["--self-only", "layers=0-1;tokens=1,4"], "vocab-sweep": ["--ids", "0-60"]}
        for experiment, words in runs.items():
            result = self.folder / f"{experiment}.json"
            self.result(result.name, experiment, *DATA, "--samples", 3, "--length", 24, *words)
            for suffix in ("png", "pdf", "svg"):
                script = ROOT / "scripts/plot.py"
                drawn = []
                for attempt in range(2):
                    figure = self.folder / f"{experiment}{attempt}.{suffix}"
                    done = subprocess.run([sys.executable, script, result, "-o", figure], capture_output=True, text=True)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), experiment)
                    drawn.append(figure.read_bytes())
                self.assertEqual(drawn[0], drawn[1], f"{experiment}.{suffix}")

    def test_what_has_no_figure_is_refused(self) -> None:
        result, wrong = self.folder / "scan.json", self.folder / "wrong.json"
        whole = self.result(result.name, "scan", *DATA, "--samples", 3, "--length", 24)
        for change, words in (({"experiment": "no-such"}, "no-such"), ({"experiment": 3}, "no experiment"),
                              ({"schema_version": 99}, "schema version")):
            wrong.write_text(json.dumps(whole | change))
            done = subprocess.run([sys.executable, ROOT / "scripts/plot.py", wrong, "-o", self.folder / "x.png"], capture_output=True, text=True)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
