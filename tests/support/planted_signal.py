"""Edits along a planted signal, and who holds the sink after them: for models whose signal is no channel, or beside whose
circuit something else makes a sink. `m` is a Reference, `circuit` and `stage` are those of its planted.json."""

from __future__ import annotations

import pytest
import torch

from support.planted_cases import Planted
from support.planted_reference import Case, Patch, Reference, Run, T

TOKEN = 8  # written from token 0


def case_of(planted: Planted, samples: int = 16) -> Case:
    """A planted model and its unchanged run on windows of its text."""
    m = Reference(planted)
    return Case(m, m(m.windows(samples, T)))


def on(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", names, indirect=True, scope="module")


def basis_of(circuit: dict) -> torch.Tensor:
    """`[rank, hidden]`"""
    return torch.tensor(circuit["basis"])


def layers_of(sites: list[str]) -> list[int]:
    """The blocks whose output these hook points are."""
    return [int(site.split(".")[1]) for site in sites]


def write(basis: torch.Tensor, rows: torch.Tensor, inside: bool = True) -> Patch:
    """Sets TOKEN to what `rows`, `[n or 1, hidden]`, hold along a basis, or to all that they hold across it."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        change = rows - x[:, TOKEN]
        part = change @ basis.T @ basis
        x[:, TOKEN] += part if inside else change - part
        return x

    return patch


def level(basis: torch.Tensor, token: int = 0) -> Patch:
    """Brings what `token` holds along a basis to the mean of the other tokens from TOKEN on."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        others = [t for t in range(TOKEN, x.shape[1]) if t != token]
        x[:, token] += (x[:, others].mean(1) - x[:, token]) @ basis.T @ basis
        return x

    return patch


def holders(m: Reference, ids: torch.Tensor, tokens: list[int]) -> torch.Tensor:
    """`[n, T]`: the tokens that hold the sink, `tokens` in every sample and delimiters wherever they stand."""
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    mask[:, tokens] = True
    return mask | is_delimiter(m, ids)


def is_delimiter(m: Reference, ids: torch.Tensor) -> torch.Tensor:
    delimiter = m.truth["delimiter"]
    return ids == (delimiter["id"] if delimiter else -1)


def stage_of(m: Reference, circuit: dict) -> dict:
    (stage,) = (s for s in m.truth["stages"] if circuit["name"] in s["circuits"])
    return stage


def sink_patterns(m: Reference, run: Run, circuit: dict) -> torch.Tensor:
    """`[layer, n, head, T, T]`: attention in the circuit's heads of its stage's sink layers."""
    return torch.stack([run.patterns[i] for i in stage_of(m, circuit)["sink_layers"]])[:, :, circuit["sink_heads"]]


def assert_held_by(m: Reference, run: Run, circuit: dict, mask: torch.Tensor) -> None:
    """Every row shares its attention equally among the holders that it sees, `[n, T]`, or among all where it sees none."""
    seen = mask[:, None, :] & torch.ones(T, T, dtype=torch.bool).tril()
    seen = torch.where(seen.any(-1, keepdim=True), seen, torch.ones(T, T, dtype=torch.bool).tril())
    expected = seen / seen.sum(-1, keepdim=True)
    # Token 1 may stand just under the threshold and leak a little.
    assert (sink_patterns(m, run, circuit) - expected[:, None]).abs().max().item() < 0.02


def written_share(m: Reference, run: Run, circuit: dict) -> torch.Tensor:
    """`[n]`: attention that later rows give TOKEN: a half where it is as much of a sink as token 0."""
    return sink_patterns(m, run, circuit)[..., TOKEN + 1 :, TOKEN].mean((0, 2, 3))
