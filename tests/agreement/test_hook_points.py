"""Every hook point, the logits and the attention columns against transformers (eager, float32, on the same device), on
random models of every family: plain, with moved rotary positions, with self-only rows; ragged samples; then bfloat16
against the float32 truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from support.program import DEVICE, QUIET, Program
from support.reference_model import EVERY_SHAPE, Recorder, family_of, make_model, padded, ragged_ids, shape_name, visible

HOOK_BAR = 1e-5  # of the largest reference value at that hook point: float32 sums in another order
COLUMN_BAR = 5e-6  # absolute, on probabilities
BF16_BAR = 1.5  # times the error of transformers' own bfloat16 run
LENGTHS = [33, 7, 64, 21, 2]

CASES = {
    "plain": dict(),
    "swapped": dict(positions={0: 8, 8: 0}, columns="0,8"),
    "moved": dict(positions={0: 200, 3: 3, 5: 17}),
    "self-only": dict(self_only=[1, 4], layers=[0]),
    "self-only-all": dict(self_only="all", layers=[0], positions={0: 9}),
}
every_shape = pytest.mark.parametrize("shape", EVERY_SHAPE, ids=shape_name, indirect=True, scope="module")


@dataclass(frozen=True)
class Random:
    """A random model, in memory and in a folder, and ragged ids."""

    shape: dict
    folder: Path
    model: PreTrainedModel
    recorder: Recorder
    rows: list[list[int]]


@pytest.fixture(scope="module")
def shape(request: pytest.FixtureRequest) -> dict:
    return request.param


@pytest.fixture(scope="module")
def random(shape: dict, tmp_path_factory: pytest.TempPathFactory) -> Random:
    index, folder = EVERY_SHAPE.index(shape), tmp_path_factory.mktemp("random")
    model, rows = make_model(shape, seed=100 + index), ragged_ids(LENGTHS, seed=index)
    model.save_pretrained(folder)
    return Random(shape, folder, model.to(DEVICE), Recorder(model), rows)


@pytest.fixture
def export(program: Program, tmp_path: Path) -> Callable[..., dict[str, torch.Tensor]]:
    """Every hook point as the program has it, on the ragged rows in a case."""

    def run(folder: Path, rows: list[list[int]], dtype: str, case: dict) -> dict[str, torch.Tensor]:
        out, tokens = tmp_path / "activations.safetensors", tmp_path / "tokens.json"
        tokens.write_text(json.dumps(rows))
        words = ["--model", folder, "--tokens", tokens, "--sites", "all", "--columns", "0,1,5", "--dtype", dtype, "--batch-size", 3]
        if "positions" in case:
            words += ["--positions", ",".join(f"{t}={p}" for t, p in case["positions"].items())]
        if "self_only" in case:
            only = case["self_only"] if case["self_only"] == "all" else ",".join(map(str, case["self_only"]))
            words += ["--self-only", f"layers={','.join(map(str, case['layers']))};tokens={only}"]
        program.output("activations", *words, "--out", out, *QUIET)
        return load_file(out)

    return run


def reference(recorder: Recorder, ids: torch.Tensor, case: dict) -> dict[str, torch.Tensor]:
    tokens, layers = ids.shape[1], recorder.model.config.num_hidden_layers
    positions = torch.arange(tokens)
    for token, position in case.get("positions", {}).items():
        positions[token] = position
    window = getattr(recorder.model.config, "sliding_window", None)
    masks = [visible(tokens, case["self_only"] if layer in case.get("layers", []) else (), window) for layer in range(layers)]
    return recorder.run(ids, positions, masks)


def real_rows(name: str, x: torch.Tensor, sample: int, length: int) -> torch.Tensor:
    """The unpadded part of one sample."""
    by_query = name.endswith(("hook_attn_scores", "hook_pattern"))
    return x[sample][:, :length, :length] if by_query else x[sample][:length]


def largest_error(name: str, got: torch.Tensor, wanted: torch.Tensor) -> float:
    error = scale = 0.0
    for sample, length in enumerate(LENGTHS):
        a, b = real_rows(name, got, sample, length).float(), real_rows(name, wanted, sample, length).float()
        there = b.isfinite()
        assert torch.equal(a.isfinite(), there), f"{name}: masked entries differ"
        error = max(error, (a - b)[there].abs().max().item())
        scale = max(scale, b[there].abs().max().item())
    return error / scale


def column_error(got: dict, wanted: dict, layer: int) -> float:
    columns, pattern = got[f"blocks.{layer}.attn.columns"], wanted[f"blocks.{layer}.attn.hook_pattern"]
    return max((columns[s][:, :n] - pattern[s][:, :n][..., [0, 1, 5]]).abs().max().item() for s, n in enumerate(LENGTHS))


@every_shape
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_hook_point_in_float32(random: Random, case: dict, export: Callable, record_property: Callable) -> None:
    got, wanted = export(random.folder, random.rows, "float32", case), reference(random.recorder, padded(random.rows), case)
    assert set(wanted) == {name for name in got if not name.endswith("columns")}
    errors = {name: largest_error(name, got[name], wanted[name]) for name in wanted}
    column = max(column_error(got, wanted, layer) for layer in range(random.shape["num_hidden_layers"]))
    worst = max(errors, key=errors.get)
    record_property(f"{family_of(random.shape)}: largest error at a hook point, of its largest value", errors[worst])
    record_property(f"{family_of(random.shape)}: largest error of an attention column", column)
    assert errors[worst] <= HOOK_BAR, worst
    assert column <= COLUMN_BAR


@every_shape
def test_masks_of_the_reference_are_those_that_transformers_makes(random: Random) -> None:
    ids = padded(random.rows)
    wanted = reference(random.recorder, ids, {})
    with torch.no_grad():
        logits = random.model(input_ids=ids.to(DEVICE), use_cache=False).logits.cpu()
    for sample, length in enumerate(LENGTHS):
        torch.testing.assert_close(logits[sample, :length], wanted["logits"][sample, :length], rtol=1e-5, atol=1e-5)


def rms(name: str, a: torch.Tensor, b: torch.Tensor) -> float:
    total = count = 0.0
    for sample, length in enumerate(LENGTHS):
        difference = real_rows(name, a, sample, length).double() - real_rows(name, b, sample, length).double()
        difference = difference[difference.isfinite()]
        total, count = total + difference.square().sum().item(), count + difference.numel()
    return (total / count) ** 0.5


@every_shape
def test_bfloat16_is_as_near_as_transformers(shape: dict, tmp_path: Path, export: Callable, record_property: Callable) -> None:
    index = EVERY_SHAPE.index(shape)
    rows, folder = ragged_ids(LENGTHS, seed=50 + index), tmp_path / "half"
    make_model(shape, seed=300 + index, dtype=torch.bfloat16).save_pretrained(folder)
    exact = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    half = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa").eval().to(DEVICE)
    truth = reference(Recorder(exact), padded(rows), {})
    theirs, ours = reference(Recorder(half), padded(rows), {}), export(folder, rows, "bfloat16", {})
    compared = [name for name in theirs if not name.endswith(("hook_attn_scores", "hook_pattern"))]
    ratios = {name: rms(name, ours[name], truth[name]) / max(rms(name, theirs[name], truth[name]), 1e-12) for name in compared}
    worst = max(ratios, key=ratios.get)
    record_property(f"{family_of(shape)}: error in bfloat16, of transformers' own", ratios[worst])
    assert ratios[worst] <= BF16_BAR, worst
