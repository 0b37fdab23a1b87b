"""A model's results by the demo's configs, and the patterns that transformers computes."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedModel

from sinkscope import ROOT
from sinkscope.results import Result, read
from sinkscope.results.findings import Findings
from support.made_once import made_once
from support.program import QUIET, Program
from support.reference_model import Recorder, visible

NOISE = 1e-5  # float32 sums in another order, on mean attention


class Demo(Findings):
    """Findings whose results are made when they are asked for, by one worker for all."""

    def __init__(self, program: Program, model: Path, folder: Path, *options: object, configs: str = "demo") -> None:
        super().__init__(folder)
        self.program, self.path, self.options, self.configs = program, model, options, configs

    def result(self, experiment: str) -> Result:
        def make(folder: Path) -> None:
            self.program.result(experiment, folder / f"{experiment}.json", "--config", f"configs/{self.configs}/{experiment}.json",
                                "--model", self.path, *self.options, *QUIET)

        if experiment not in self.kept:
            place = made_once(self.folder / experiment, make)
            self.kept[experiment] = read(place / f"{experiment}.json", experiment)
        return self.kept[experiment]

    @cached_property
    def record(self) -> dict[str, Any]:
        """Of the training: emergence.json."""
        return json.loads((self.path / "emergence.json").read_text())

    @property
    def unseen(self) -> frozenset[int]:
        """Ids that the training text does not hold."""
        return frozenset(self.record["text"]["ids_unseen"])

    @cached_property
    def text_ids(self) -> list[int]:
        tokenizer = Tokenizer.from_file(str(self.path / "tokenizer.json"))
        return tokenizer.encode((ROOT / "models/demo/text.txt").read_text(encoding="utf-8")).ids

    def ids(self, experiment: str) -> torch.Tensor:
        """`[n, T]` that a result was made from."""
        data = self.result(experiment).data
        assert data["text_tokens"] == len(self.text_ids)
        return torch.tensor([self.text_ids[start : start + data["length"]] for start in data["starts"]])

    @cached_property
    def transformers(self) -> PreTrainedModel:
        return AutoModelForCausalLM.from_pretrained(self.path, dtype=torch.float32, attn_implementation="eager").eval()

    @cached_property
    def recorder(self) -> Recorder:
        return Recorder(self.transformers)

    def patterns(self, ids: torch.Tensor, positions: dict[int, int] | None = None, self_only: tuple[int, ...] = (),
                 in_layers: tuple[int, ...] = ()) -> list[torch.Tensor]:
        """By layer `[n, head, T, T]`, with moved positions or self-only rows."""
        tokens, layers = ids.shape[1], range(self.transformers.config.num_hidden_layers)
        order = torch.arange(tokens)
        for token, position in (positions or {}).items():
            order[token] = position
        masks = [visible(tokens, self_only if layer in in_layers else ()) for layer in layers]
        seen = self.recorder.run(ids, order, masks)
        return [seen[f"blocks.{layer}.attn.hook_pattern"] for layer in layers]


def assert_attention(sink: dict[str, Any], patterns: list[torch.Tensor]) -> None:
    """Mean attention of a result's row, by layer and head, is that of these patterns."""
    first, key, found = sink["first_query"], sink["token"], sink["mean_attention"]["by_layer_head"]
    wanted = [pattern[:, :, first:, key].mean((0, 2)) for pattern in patterns]
    torch.testing.assert_close(torch.tensor(found), torch.stack(wanted), rtol=0, atol=NOISE)
