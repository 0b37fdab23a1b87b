"""The MLPs of a lively random model in float64, with transformers' autograd: what magc and gate-readout are held against."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from support.massive_activation_mlp import TRIALS
from support.reference_model import SHAPES, VOCABULARY, make_model


class Float64:
    """The model in a folder, 12 samples of 20 ids, and their passes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_model(SHAPES[0], seed=5).save_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
        self.ids = torch.randint(VOCABULARY, (12, 20), generator=torch.Generator().manual_seed(1))
        self.rows = folder / "rows.json"
        self.rows.write_text(json.dumps(self.ids.tolist()))

    @property
    def words(self) -> tuple[object, ...]:
        return ("--model", self.folder, "--tokens", self.rows, "--samples", 12, "--length", 20, *TRIALS)

    def seen(self, layer: int) -> dict[str, torch.Tensor]:
        """Input and output of a layer's MLP and the attention's output, unedited."""
        found, block = {}, self.model.model.layers[layer]
        handles = [block.mlp.register_forward_hook(lambda m, args, out: found.update(h=args[0].detach(), y=out.detach())),
                   block.self_attn.register_forward_hook(lambda m, args, out: found.update(attn_out=out[0].detach()))]
        with torch.no_grad():
            self.model(self.ids)
        for handle in handles:
            handle.remove()
        return found

    def neurons(self, layer: int, h: torch.Tensor) -> torch.Tensor:
        mlp = self.model.model.layers[layer].mlp
        return mlp.act_fn(mlp.gate_proj(h)) * mlp.up_proj(h)

    def write_gradient(self, layer: int, dimension: int) -> torch.Tensor:
        """Of what the MLP writes into a dimension at token 0."""
        return self.by_attention(layer, lambda z, y: y[:, 0, dimension].sum())

    def neuron_gradient(self, layer: int, neuron: int) -> torch.Tensor:
        """Of a neuron's energy at token 0."""
        return self.by_attention(layer, lambda z, y: z[:, 0, neuron].square().sum())

    def by_attention(self, layer: int, of: Callable) -> torch.Tensor:
        """By autograd through the whole block: what is added to the attention's output moves the MLP's neurons and output."""
        added = torch.zeros(*self.ids.shape, self.model.config.hidden_size, dtype=torch.float64, requires_grad=True)
        block, written = self.model.model.layers[layer], {}
        handles = [block.self_attn.register_forward_hook(lambda m, args, out: (out[0] + added, *out[1:])),
                   block.mlp.down_proj.register_forward_pre_hook(lambda m, args: written.update(z=args[0])),
                   block.mlp.register_forward_hook(lambda m, args, out: written.update(y=out))]
        self.model(self.ids)
        for handle in handles:
            handle.remove()
        return torch.autograd.grad(of(written["z"], written["y"]), added)[0][:, 0]
