"""What SmolLM2 shows, by the demo's configs, in transformers' numbers where they can be had; the bars leave several times the spread
over samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from sinkscope import ROOT
from sinkscope.figures.rope_swap import attention_under
from sinkscope.figures.self_mask import self_only
from support.demo import Demo, assert_attention
from support.program import QUIET, Program
from support.reference_model import visible

MASSIVE_LAYER, MASSIVE_DIMENSIONS, MASSIVE_NEURONS = 11, (507, 247), (1229, 1487)
WITHOUT = {2790, 4424, 14379, 21653, 21982, 27480, 46165}  # [" ␣unc ␣): ![ ][" ([" ))[
FIRST_STAGE, SECOND_STAGE = 5, 23  # a layer of each


def sites(demo: Demo, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Every hook point by transformers alone."""
    return demo.recorder.run(ids, torch.arange(ids.shape[1]), [visible(ids.shape[1])] * 30)


def by_name(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in found if one["name"] == name)


def test_the_sink_does_not_follow_the_rotary_position(smollm2_demo: Demo) -> None:
    result = smollm2_demo.result("rope-swap")
    for layer in (FIRST_STAGE, SECOND_STAGE):
        unmoved = attention_under(result, layer, "baseline")[0]
        for name in ("first-to-8", "first-to-63", "swap-0-8"):
            physical, rotary = attention_under(result, layer, name)
            assert physical > 0.8 * unmoved and rotary < 0.15 * unmoved
    swapped = by_name(result.results["conditions"], "swap-0-8")
    patterns = smollm2_demo.patterns(smollm2_demo.ids("rope-swap"), positions=dict(swapped["positions"]))
    for sink in swapped["sink"]:
        assert_attention(sink, patterns)


def test_a_self_only_token_is_the_first_stages_sink_and_a_part_of_the_seconds(smollm2_demo: Demo) -> None:
    result = smollm2_demo.result("self-mask")
    for token in (4, 8):
        for layers, first_stage in (("0", (0, 0.6)), ("0-2", (0.8, 1.2))):
            masked, first = self_only(result, FIRST_STAGE, token, layers)
            assert first_stage[0] < masked / first < first_stage[1]
        masked, first = self_only(result, SECOND_STAGE, token, "0-2")
        assert masked / first < 0.4
    masked, first = self_only(result, SECOND_STAGE, 1, "0-2")
    assert masked / first > 0.4
    patterns = smollm2_demo.patterns(smollm2_demo.ids("self-mask"), self_only=(8,), in_layers=(0, 1, 2))
    run = next(one for one in result.results["runs"] if (one["mode"], one["tokens"], one["layers"]) == ("self_only", [8], "0-2"))
    assert_attention(run["masked"][0], patterns)
    assert_attention(run["first"][0], patterns)


def test_self_only_once_more_before_block_11_makes_it_the_seconds_in_full(smollm2_demo: Demo) -> None:
    result = smollm2_demo.result("self-mask")
    for token in (1, 4, 8):
        masked, first = self_only(result, SECOND_STAGE, token, "0-2,10-11")
        assert masked / first > 0.8
    ids = smollm2_demo.ids("self-mask")
    found = {}
    for layers in ((10, 11), (0, 1, 2, 10, 11), (0, 1, 2, 12)):  # transformers alone
        after = smollm2_demo.patterns(ids, self_only=(8,), in_layers=layers)[SECOND_STAGE][:, :, 9:]
        found[layers] = after[..., 8].mean().item() / after[..., 0].mean().item()
    assert found[0, 1, 2, 10, 11] > 0.8 and found[10, 11] < 0.05 and found[0, 1, 2, 12] < 0.4
    run = next(one for one in result.results["runs"] if (one["mode"], one["tokens"], one["layers"]) == ("self_only", [8], "0-2,10-11"))
    assert_attention(run["masked"][0], smollm2_demo.patterns(ids, self_only=(8,), in_layers=(0, 1, 2, 10, 11)))


def test_transformers_alone_finds_the_massive_activation(smollm2_demo: Demo) -> None:
    """Block 11 writes it, into two dimensions, by two neurons; blocks 1 and 2 wrote a smaller one, which block 9 took away."""
    seen = sites(smollm2_demo, smollm2_demo.ids("mlp-probe"))
    written = seen[f"blocks.{MASSIVE_LAYER}.hook_mlp_out"][:, 0].double().mean(0)
    assert tuple(written.abs().topk(2).indices.tolist()) == MASSIVE_DIMENSIONS
    norms = torch.stack([seen[f"blocks.{layer}.hook_mlp_out"][:, 0].norm(dim=-1).mean() for layer in range(MASSIVE_LAYER + 1)])
    assert norms.argmax() == MASSIVE_LAYER and norms[MASSIVE_LAYER] > 20_000
    residual = [seen[f"blocks.{layer}.hook_resid_post"][:, 0, 507].abs().mean().item() for layer in range(MASSIVE_LAYER + 1)]
    assert min(residual[2:8]) > 400 and residual[10] < 100
    down = smollm2_demo.transformers.model.layers[MASSIVE_LAYER].mlp.down_proj.weight.double()
    energy = seen[f"blocks.{MASSIVE_LAYER}.mlp.hook_post"][:, 0].double().square().mean(0) * down.square().sum(0)
    assert tuple(energy.topk(2).indices.tolist()) == MASSIVE_NEURONS
    assert energy[list(MASSIVE_NEURONS)].sum() > 0.98 * energy.sum()
    columns = down[:, list(MASSIVE_NEURONS)]
    assert torch.cosine_similarity(columns[:, 0], columns[:, 1], dim=0) > 0.9


def test_seven_ids_get_none_of_it(smollm2: Path, smollm2_demo: Demo, program: Program, tmp_path: Path) -> None:
    """Of 49,152; here beside 500 drawn ones, in transformers' numbers too."""
    drawn = torch.randperm(49152, generator=torch.Generator().manual_seed(1))[:500].tolist()
    ids = sorted({*WITHOUT, *drawn})
    result = program.result("first-token", tmp_path / "first-token.json", "--model", smollm2, "--ids", ",".join(map(str, ids)), "--quiet")
    found = result["results"]
    assert found["largest_growth"]["layer"] == MASSIVE_LAYER
    assert [one["dimension"] for one in found["largest_growth"]["dimensions"]] == [507]
    assert {one["id"] for one in found["without_growth"]["ids"]} == WITHOUT
    norm = sites(smollm2_demo, torch.tensor(ids)[:, None])[f"blocks.{MASSIVE_LAYER}.hook_resid_post"].norm(dim=-1)[:, 0]
    torch.testing.assert_close(norm, torch.tensor(found["after_growth"]["norm"]), rtol=1e-3, atol=0)


SITES = ("blocks.2.hook_resid_mid", "blocks.10.hook_resid_mid")  # of the two stages' signals


def test_identify_names_a_direction_for_either_stage(smollm2_demo: Demo) -> None:
    verdicts = [stage["verdict"] for stage in smollm2_demo.result("identify").results["stages"]]
    assert [verdict["kind"] for verdict in verdicts] == ["a direction"] * 2
    assert tuple(verdict["signal"]["site"] for verdict in verdicts) == SITES


@pytest.mark.parametrize("draw", [0, 1])
def test_identify_is_not_refuted_on_two_other_texts(draw: int, smollm2: Path, program: Program, tmp_path: Path) -> None:
    """Every second paragraph: no text is in both of them. The eight windows that test do not settle all, but contradict nothing."""
    text, out = tmp_path / "text.txt", tmp_path / "identify.json"
    paragraphs = (ROOT / "models/demo/text.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join(paragraphs[draw::2]), encoding="utf-8")
    result = program.result("identify", out, "--config", "configs/smollm2-135m/identify.json", "--model", smollm2, "--text", text,
                            "--samples", 16, *QUIET)
    assert_not_refuted(result["results"]["stages"])


def assert_not_refuted(stages: list[dict[str, Any]]) -> None:
    assert len(stages) == len(SITES)
    for stage, site in zip(stages, SITES):
        (found,) = (one for one in stage["candidates"] if one["site"] == site)
        assert found["sufficient"][0]["directions"] and not found["refuted"]
        effects = {one["name"]: one["value"]["mean"] for one in found["conditions"]}
        assert effects["removed"] < 0 < effects["written"]
