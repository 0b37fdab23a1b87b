"""The four findings of a demo folder's result files, at the layer with the strongest sink.

Means over all layers would bury a sink that only some layers have, so every number here is of one layer, named beside it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from safetensors.numpy import load_file


class Findings:
    """Numbers of scan, rope-swap, vocab-sweep and self-mask in one folder, about `layer`, the best layer of scan."""

    def __init__(self, folder: Path):
        self.folder = folder
        scan = self.result("scan")
        self.model = scan["model"]
        sink = scan["results"]["sink"][0]
        attention = sink["mean_attention"]
        self.by_layer = attention["by_layer"]
        self.layer = max(range(len(self.by_layer)), key=self.by_layer.__getitem__)
        self.sink, self.half_width = self.by_layer[self.layer], attention["by_layer_ci95"][self.layer]  # 95 %, over samples
        self.uniform = sink["uniform"]
        upper = self.by_layer[len(self.by_layer) // 3:]
        self.upper = sum(upper) / len(upper)

    @cache
    def result(self, name: str) -> dict:
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    def condition(self, name: str) -> list[float]:
        """Attention in a rope-swap condition, by that run's queries: to the physical first token and, where another has its
        place, to that one."""
        conditions = self.result("rope-swap")["results"]["conditions"]
        found = next(c for c in conditions if c["name"] == name)
        return [sink["mean_attention"]["by_layer"][self.layer] for sink in found["sink"]]

    def by_id(self) -> tuple[list[int], list[float], float]:
        """vocab-sweep: ids, attention to each at the swept position, and to the samples' own token there."""
        sweep = self.result("vocab-sweep")["results"]
        scores = load_file(self.folder / sweep["by_layer_id"]["file"])[sweep["by_layer_id"]["tensor"]]
        return sweep["ids"], scores[:, self.layer].tolist(), sweep["baseline"]["mean_attention"]["by_layer"][self.layer]

    def kept_half(self, without: frozenset[int] = frozenset()) -> float:
        """Share of the ids, but for those in `without`, that get at least half of what the own first tokens get."""
        ids, scores, own = self.by_id()
        kept = [score >= 0.5 * own for token, score in zip(ids, scores) if token not in without]
        return sum(kept) / len(kept)

    def self_only(self, token: int, layers: str) -> tuple[float, float]:
        """Attention to a token that attends only to itself in these layers, and to the first token, same queries."""
        runs = self.result("self-mask")["results"]["runs"]
        run = next(r for r in runs if r["mode"] == "self_only" and r["tokens"] == [token] and r["layers"] == layers)
        masked, first = (run[which][0]["mean_attention"]["by_layer"][self.layer] for which in ("masked", "first"))
        return masked, first

    def spike(self) -> dict | None:
        return self.result("mlp-probe")["results"]["spike"]
