"""Writes tests/data/reference: one tiny random Qwen3 and what transformers computes at each of its hook points (eager,
float32, explicit 4-D mask), with plain and with exchanged rotary positions, so that the C++ tests need no Python.
From tests/: python -m support.make_reference [FOLDER]"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from sinkscope import ROOT
from support.reference_model import Recorder, make_model, padded, ragged_ids, visible

SHAPE = dict(hidden_size=24, num_attention_heads=4, num_key_value_heads=2, head_dim=8, intermediate_size=40,
             num_hidden_layers=2, tie_word_embeddings=False,
             rope=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64))
TOKENS = 12


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "data" / "reference"
    model, rows = make_model(SHAPE, seed=2024), ragged_ids([TOKENS, TOKENS], seed=2024)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "tokens.json").write_text(json.dumps(rows) + "\n")
    recorder, masks = Recorder(model), [visible(TOKENS)] * SHAPE["num_hidden_layers"]
    swapped = torch.arange(TOKENS)
    swapped[0], swapped[5] = 5, 0
    for name, positions in (("plain", torch.arange(TOKENS)), ("swapped-0-5", swapped)):
        seen = recorder.run(padded(rows), positions, masks)
        save_file({key: value.clone().contiguous() for key, value in seen.items()}, folder / f"{name}.safetensors")


if __name__ == "__main__":
    main()
