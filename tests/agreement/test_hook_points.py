"""Every hook point, the logits and the attention columns against transformers (eager, float32), on random models of
every family: plain, with moved rotary positions, with self-only rows; ragged samples; then bfloat16 against the float32
truth. Run: agreement.py PROGRAM [FAMILY ..]."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from reference_model import OTHER_SHAPES, SHAPES, Recorder, make_model, padded, ragged_ids, visible

HOOK_BAR = 1e-5      # of the largest reference value at that hook point: float32 sums in another order
COLUMN_BAR = 5e-6    # absolute, on probabilities
BF16_BAR = 1.5       # times the error of transformers' own bfloat16 run
LENGTHS = [33, 7, 64, 21, 2]

CASES = {
    "plain": dict(),
    "swapped": dict(positions={0: 8, 8: 0}, columns="0,8"),
    "moved": dict(positions={0: 200, 3: 3, 5: 17}),
    "self-only": dict(self_only=[1, 4], layers=[0]),
    "self-only-all": dict(self_only="all", layers=[0], positions={0: 9}),
}


def export(program: str, folder: Path, tokens: Path, dtype: str, case: dict) -> dict[str, torch.Tensor]:
    out = folder / "activations.safetensors"
    command = [program, "activations", "--model", folder, "--tokens", tokens, "--sites", "all", "--columns", "0,1,5",
               "--dtype", dtype, "--out", out, "--force", "--quiet", "--batch-size", "3", "--device", "cpu"]
    if "positions" in case:
        command += ["--positions", ",".join(f"{t}={p}" for t, p in case["positions"].items())]
    if "self_only" in case:
        rows = case["self_only"] if case["self_only"] == "all" else ",".join(map(str, case["self_only"]))
        command += ["--self-only", f"layers={','.join(map(str, case['layers']))};tokens={rows}"]
    subprocess.run(list(map(str, command)), check=True)
    return load_file(out)


def reference(recorder: Recorder, ids: torch.Tensor, case: dict) -> dict[str, torch.Tensor]:
    tokens, layers = ids.shape[1], recorder.model.config.num_hidden_layers
    positions = torch.arange(tokens)
    for token, position in case.get("positions", {}).items():
        positions[token] = position
    window = getattr(recorder.model.config, "sliding_window", None)
    masks = [visible(tokens, case["self_only"] if layer in case.get("layers", []) else (), window)
             for layer in range(layers)]
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
    return max((columns[s][:, :n] - pattern[s][:, :n][..., [0, 1, 5]]).abs().max().item()
               for s, n in enumerate(LENGTHS))


def check_own_mask(model, ids: torch.Tensor, wanted: dict[str, torch.Tensor]) -> None:
    """The masks given to the reference are those that transformers makes itself."""
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits
    for sample, length in enumerate(LENGTHS):
        torch.testing.assert_close(logits[sample, :length], wanted["logits"][sample, :length], rtol=1e-5, atol=1e-5)


def family_of(shape: dict) -> str:
    return shape.get("family", "qwen3")


def check_float32(program: str, folder: Path, shapes: list[dict]) -> dict[str, tuple[float, float]]:
    """The largest error of every family: at hook points, of columns."""
    worst = {family_of(shape): (0.0, 0.0) for shape in shapes}
    for index, shape in enumerate(shapes):
        model, rows = make_model(shape, seed=100 + index), ragged_ids(LENGTHS, seed=index)
        place = folder / f"model{index}"
        model.save_pretrained(place)
        tokens = place / "tokens.json"
        tokens.write_text(json.dumps(rows))
        recorder = Recorder(model)
        for title, case in CASES.items():
            got, wanted = export(program, place, tokens, "float32", case), reference(recorder, padded(rows), case)
            if title == "plain":
                check_own_mask(model, padded(rows), wanted)
            assert set(wanted) == {n for n in got if not n.endswith("columns")}, set(wanted) ^ set(got)
            errors = {name: largest_error(name, got[name], wanted[name]) for name in wanted}
            column = max(column_error(got, wanted, layer) for layer in range(shape["num_hidden_layers"]))
            name = max(errors, key=errors.get)
            print(f"{family_of(shape):8} {index:2} {title:14} worst {errors[name]:.1e} at {name}; columns {column:.1e}")
            assert errors[name] <= HOOK_BAR and column <= COLUMN_BAR
            hooks, columns = worst[family_of(shape)]
            worst[family_of(shape)] = max(hooks, errors[name]), max(columns, column)
    return worst


def rms(name: str, a: torch.Tensor, b: torch.Tensor) -> float:
    total = count = 0.0
    for sample, length in enumerate(LENGTHS):
        difference = real_rows(name, a, sample, length).double() - real_rows(name, b, sample, length).double()
        difference = difference[difference.isfinite()]
        total, count = total + difference.square().sum().item(), count + difference.numel()
    return (total / count) ** 0.5


def check_bfloat16(program: str, folder: Path, shapes: list[dict]) -> dict[str, float]:
    worst = {family_of(shape): 0.0 for shape in shapes}
    for index, shape in enumerate(shapes):
        rows, place = ragged_ids(LENGTHS, seed=50 + index), folder / f"half{index}"
        make_model(shape, seed=300 + index, dtype=torch.bfloat16).save_pretrained(place)
        tokens = place / "tokens.json"
        tokens.write_text(json.dumps(rows))
        exact = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, attn_implementation="eager").eval()
        half = AutoModelForCausalLM.from_pretrained(place, dtype=torch.bfloat16, attn_implementation="sdpa").eval()
        truth = reference(Recorder(exact), padded(rows), {})
        theirs, ours = reference(Recorder(half), padded(rows), {}), export(program, place, tokens, "bfloat16", {})
        compared = [n for n in theirs if not n.endswith(("hook_attn_scores", "hook_pattern"))]
        ratios = {n: rms(n, ours[n], truth[n]) / max(rms(n, theirs[n], truth[n]), 1e-12) for n in compared}
        name = max(ratios, key=ratios.get)
        print(f"bfloat16 {family_of(shape)} {index}: error at most {ratios[name]:.2f} times transformers' own, at {name}")
        assert ratios[name] <= BF16_BAR
        worst[family_of(shape)] = max(worst[family_of(shape)], ratios[name])
    return worst


def main() -> None:
    program, *families = sys.argv[1:]
    shapes = [shape for shape in SHAPES + OTHER_SHAPES if not families or family_of(shape) in families]
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        exact, half = check_float32(program, Path(folder), shapes), check_bfloat16(program, Path(folder), shapes)
    for family, (hooks, columns) in exact.items():
        print(f"{family:8} largest error {hooks:.1e} of the largest value, columns {columns:.1e}; "
              f"bfloat16 {half[family]:.2f} times transformers' own")


if __name__ == "__main__":
    main()
