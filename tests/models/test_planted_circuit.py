"""The planted models' answers, checked with transformers (eager attention, float32, explicit 4-D masks).

planted.json says what is true of a model; here a second implementation confirms it, so that the experiments can be
held against planted.json. The causal answers have their own file, test_planted_causal.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from sinkscope import ROOT
from support.planted_cases import MASSIVE, SETS, SINKS, Planted, of_variant
from support.planted_reference import SAMPLES, Case, Reference, Run, T, assert_near, keep_only, move, own_row


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return Case.of(planted(request.param))


def on(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", names, indirect=True, scope="module")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "text.txt", "planted.json", "model.safetensors"])
def test_the_committed_model_is_what_the_package_writes(name: str, planted: Callable) -> None:
    model: Planted = planted("base")
    assert (ROOT / "models/planted" / name).read_bytes() == (model.folder / name).read_bytes()


@pytest.mark.parametrize("name", SETS)
def test_the_lists_of_cases_are_those_of_planted_json(name: str, planted: Callable) -> None:
    truth = planted(name).truth
    assert (name in SINKS) == bool(truth["layers"]["sink"])
    assert (name in MASSIVE) == bool(truth["answers"]["mlp_probe"]["massive_dims"]) == bool(truth["answers"]["mlp_probe"]["tokens"])
    assert (name in of_variant("dormant")) == bool(truth["answers"]["never_moves"])
    assert SETS[name].variant == truth["variant"]


@on(list(SETS))
def test_scan(case: Case) -> None:
    m = case.m
    uniform = 1.0 / torch.arange(1, T + 1)
    expected = uniform[:, None].expand(T, T).tril()
    sinking = {(layer, h) for layer in m.layers["sink"] for c in m.circuits for h in c["sink_heads"]}
    for layer, pattern in enumerate(case.plain.patterns):
        for head in range(pattern.shape[1]):
            if (layer, head) in sinking:
                assert pattern[:, head, 1:, 0].mean(1).min().item() > 0.99
            else:
                assert_near(pattern[:, head], expected, 1e-6)


@on(["base"])
@pytest.mark.parametrize("length", [32, 64, 128, 512])
def test_base_on_every_slicing(case: Case, length: int) -> None:
    m = case.m
    run = m(m.windows(32, length))
    for circuit in m.circuits:
        assert m.attention(run, circuit, 0, 1).min().item() > 0.999
    energy = run.residual[m.layers["energy"]][:, :, m.circuits[0]["energy_dims"][0]]
    assert_near(energy[:, 0], m.circuits[0]["first_energy"], 1e-4)
    assert energy[:, 1:].max().item() < 0.92 * m.circuits[0]["first_energy"]


@on([name for name in SETS if name not in of_variant("none", "rotated")])
def test_first_energy(case: Case) -> None:
    m = case.m
    for circuit in m.circuits:
        energy = case.plain.residual[m.layers["energy"]][:, 0, circuit["energy_dims"]]
        energy = energy.mean(1) if m.truth["variant"] == "redundant" else energy.sum(1)
        assert_near(energy, circuit["first_energy"], 1e-3)


@on(list(SETS))
def test_rope_swap(case: Case) -> None:
    block = {i: i + 20 for i in range(6)}
    reverse, shift = {i: T - 1 - i for i in range(T)}, {i: i + 300 for i in range(T)}
    for moves in ({0: 1}, {0: T - 1}, {4: 0}, {16: 0}, {0: 8, 8: 0}, block, reverse, shift):
        run = case.m(case.plain.ids, positions=move(T, moves))
        for before, after in zip(case.plain.patterns, run.patterns, strict=True):
            assert_near(after, before, case.m.truth["answers"]["rope_swap"]["tolerance"])


@on(SINKS)
def test_vocab_sweep_and_atlas(case: Case) -> None:
    m = case.m
    ids, context = torch.arange(m.vocab), case.plain.ids[1, 1:20]
    run = m(torch.cat([ids[:, None], context.expand(m.vocab, -1)], dim=1))
    for circuit in m.circuits:
        score = m.attention(run, circuit, 0, 1).mean((0, 2, 3))  # [vocab]
        assert torch.nonzero(score < 0.4).flatten().tolist() == circuit["weak_ids"]
        weak = torch.isin(ids, torch.tensor(circuit["weak_ids"]))
        if circuit["weak_ids"]:
            assert_near(score[weak], (1.0 / torch.arange(2, 21)).mean(), 1e-5)
        alike = score[~weak & (ids != context[0])]
        assert alike.min().item() > 0.999
        assert (alike.max() - alike.min()).item() < 1e-4
        assert_near(score[context[0]], 0.5, 0.01)  # the first token repeated: two sinks
        massive = run.mlp_out[m.layers["massive_activation"]][:, 0, circuit["massive_dims"]].abs().amin(1) > 100
        assert torch.equal(massive, ~weak)


def assert_shared(m: Reference, run: Run, tokens: list[int]) -> None:
    """After the last of `tokens`, they and token 0 have equal shares of the sink."""
    for circuit in m.circuits:
        for token in [0, *tokens]:
            assert_near(m.attention(run, circuit, token, max(tokens)), 1 / (1 + len(tokens)), 0.01)


@on(SINKS)
def test_self_mask(case: Case) -> None:
    m, plain = case.m, case.plain
    average, last = m.layers["average"], len(plain.patterns)
    for tokens in ([1], [4], [8], [1, 4, 8]):
        assert_shared(m, m(plain.ids, masks={average: own_row(T, tokens)}), tokens)
    for layers in (range(average + 1), range(average, average + 2)):
        assert_shared(m, m(plain.ids, masks={i: own_row(T, [4]) for i in layers}), [4])
    for layer in set(range(last)) - {average}:
        run = m(plain.ids, masks={layer: own_row(T, [4])})
        for before, after in zip(plain.patterns, run.patterns, strict=True):
            assert_near(after[:, :, 5:], before[:, :, 5:], 1e-6)


@on(SINKS)
def test_every_token_alone(case: Case) -> None:
    m = case.m
    run = m(case.plain.ids, masks={m.layers["average"]: own_row(T, list(range(T)))})
    for circuit in m.circuits:  # all have the signal, so none stands out
        assert_near(m.attention(run, circuit, 0, 1), 1.0 / torch.arange(2, T + 1), 1e-3)


@on(SINKS)
def test_what_gives_the_signal(case: Case) -> None:
    m = case.m
    run = m(case.plain.ids, masks={m.layers["average"]: keep_only(T, 8, 3)})
    for circuit in m.circuits:
        wanted = 0.5 if m.truth["signal_given_by"] == "one key" else 0.0
        assert_near(m.attention(run, circuit, 8, 8), wanted, 0.01)


@on(list(SETS))
def test_massive_activation(case: Case) -> None:
    run, probe, layer = case.plain, case.m.truth["answers"]["mlp_probe"], case.m.layers["massive_activation"]
    out, dims = run.mlp_out[layer], sorted(sum(probe["massive_dims"], []))
    found = {tuple(place) for place in torch.nonzero(out.abs() > 100).tolist()}
    assert found == {(i, t, d) for i in range(SAMPLES) for t in probe["tokens"] for d in dims}
    quiet = out.clone()
    quiet[:, 0, dims] = 0
    assert quiet.abs().max().item() < 0.1
    for other in set(range(len(run.mlp_out))) - {layer}:
        assert run.mlp_out[other].abs().max().item() < 100


@on(MASSIVE)
def test_massive_activation_meets_the_published_bar(case: Case) -> None:
    m, run = case.m, case.plain
    first = run.residual[m.layers["massive_activation"]][:, 0]
    for circuit in m.circuits:
        massive = first[:, circuit["massive_dims"]]
        assert (massive.abs() / first.abs().median(1, keepdim=True).values).min().item() > 1000
        out = run.mlp_out[m.layers["massive_activation"]][:, 0, circuit["massive_dims"]]
        assert_near(out[:, 0] / out[:, 1], circuit["massive_ratio"], 1e-4)


@on(MASSIVE)
def test_neurons(case: Case) -> None:
    m, layer = case.m, case.m.layers["massive_activation"]
    energy = case.plain.post[layer][:, 0] ** 2
    share = energy / energy.sum(1, keepdim=True)
    listed = [n for c in m.circuits for n in c["massive_neurons"]]
    assert share[:, [n["neuron"] for n in listed]].sum(1).min().item() > 0.99999
    for circuit in m.circuits:
        index = [n["neuron"] for n in circuit["massive_neurons"]]
        own = share[:, index] / share[:, index].sum(1, keepdim=True)
        assert_near(own, torch.tensor([n["energy_share"] for n in circuit["massive_neurons"]]), 1e-5)
        columns = torch.nn.functional.normalize(m.model.model.layers[layer].mlp.down_proj.weight[:, index], dim=0)
        assert_near(columns.T @ columns, 1.0, 1e-6)
