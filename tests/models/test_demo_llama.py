"""What the card of models/demo-llama says, and transformers' own numbers beside it. Run: demo_llama.py PROGRAM"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from reference_model import Recorder, visible
from sinkscope.figures.rope_swap import attention_under
from sinkscope.figures.self_mask import self_only
from sinkscope.figures.vocab_sweep import kept_half
from sinkscope.results.findings import Findings
from sinkscope.results.schemas import validate

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
MODEL, TEXT = ROOT / "models/demo-llama", ROOT / "models/demo/text.txt"
NOISE = 1e-5  # float32 sums in another order, on mean attention


def setUpModule() -> None:
    global found
    temporary = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(temporary.cleanup)
    for experiment in ("scan", "rope-swap", "vocab-sweep", "self-mask", "mlp-probe"):
        out = Path(temporary.name) / f"{experiment}.json"
        command = [PROGRAM, experiment, "--config", f"configs/demo/{experiment}.json", "--model", MODEL, "--dtype", "float32",
                   "--out", out, "--quiet", "--device", "cpu"]
        subprocess.run(list(map(str, command)), check=True, cwd=ROOT)
        validate(json.loads(out.read_text()))
    found = Findings(Path(temporary.name))


class Card(unittest.TestCase):
    def test_the_first_token_is_a_sink(self) -> None:
        self.assertEqual(found.layer, 2)
        self.assertGreater(found.sink, 3 * found.uniform)

    def test_rotary_position_does_not_move_it(self) -> None:
        unmoved, moved = (attention_under(found.result("rope-swap"), found.layer, name)[0] for name in ("baseline", "first-to-8"))
        self.assertGreater(moved, 0.9 * unmoved)
        first, eighth = attention_under(found.result("rope-swap"), found.layer, "swap-0-8")
        self.assertLess(eighth, 0.2 * first)

    def test_nearly_every_id_makes_one(self) -> None:
        unseen = frozenset(json.loads((MODEL / "emergence.json").read_text())["text"]["ids_unseen"])
        self.assertGreater(kept_half(found.result("vocab-sweep"), found.layer, without=unseen), 0.9)

    def test_seeing_only_itself_in_two_layers_makes_one(self) -> None:
        masked, first = self_only(found.result("self-mask"), found.layer, 4, "0-1")
        self.assertGreater(masked, 0.6 * first)
        self.assertLess(self_only(found.result("self-mask"), found.layer, 4, "0")[0], 0.8 * masked)

    def test_an_early_mlp_writes_one_dimension(self) -> None:
        spike = found.result("mlp-probe").results["spike"]
        self.assertEqual((spike["layer"], [one["dimension"] for one in spike["dimensions"]]), (1, [15]))

    def test_the_record_meets_its_schema(self) -> None:
        validate(json.loads((MODEL / "emergence.json").read_text()))

    def test_tokenizer_is_the_demo_models(self) -> None:
        self.assertEqual((MODEL / "tokenizer.json").read_bytes(), (MODEL.parent / "demo/tokenizer.json").read_bytes())


class Transformers(unittest.TestCase):
    def test_scan(self) -> None:
        model = LlamaForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
        ids = Tokenizer.from_file(str(MODEL / "tokenizer.json")).encode(TEXT.read_text(encoding="utf-8")).ids
        data = found.result("scan").data
        rows = torch.tensor([ids[start : start + data["length"]] for start in data["starts"]])
        seen = Recorder(model).run(rows, torch.arange(rows.shape[1]), [visible(rows.shape[1])] * model.config.num_hidden_layers)
        for sink in found.result("scan").results["sink"]:
            for layer, by_head in enumerate(sink["mean_attention"]["by_layer_head"]):
                pattern = seen[f"blocks.{layer}.attn.hook_pattern"]
                wanted = pattern[:, :, sink["first_query"] :, sink["token"]].mean((0, 2))
                torch.testing.assert_close(torch.tensor(by_head), wanted, rtol=0, atol=NOISE)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    torch.set_grad_enabled(False)
    unittest.main()
