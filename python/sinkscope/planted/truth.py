"""What is true of a planted model, as the content of planted.json: the answers that experiments must find."""

from dataclasses import asdict
from typing import Any

import numpy as np

from sinkscope.planted.neurons import MASSIVE_DOWN, MASSIVE_UP
from sinkscope.planted.plan import Circuit, Neuron, Plan

Json = dict[str, Any]


def truth(plan: Plan) -> Json:
    """Facts of the construction and the answers that follow from them; layers, neurons and dimensions count from 0."""
    o = plan.options
    removed = o.remove if o.variant == "none" else None
    chosen = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(o).items() if k != "remove"}
    return {
        "what": "A sink circuit planted by hand: a test of the experiments, never evidence about trained models.",
        "variant": o.variant,
        "removed_stage": removed,
        "options": chosen,
        "hidden": plan.hidden,
        "constant_dim": plan.constant,
        "extra_dims": plan.extras,
        "layers": {
            "average": o.average_layer,
            "energy": plan.energy_layer,
            "massive_activation": plan.massive_layer,
            "uniform": list(range(o.layers if removed else plan.sink_from)),
            "sink": [] if removed else list(range(plan.sink_from, o.layers)),
        },
        # After these blocks the first-token signal is in the residual and the massive activation is not yet written.
        "signal_sites": [f"blocks.{i}.hook_resid_post" for i in range(plan.energy_layer, plan.massive_layer)],
        "signal_given_by": "itself" if o.variant == "itself" else "one key",
        "circuits": [circuit_truth(plan, c, removed) for c in plan.circuits],
        "answers": answers(plan, removed),
    }


def circuit_truth(plan: Plan, circuit: Circuit, removed: str | None) -> Json:
    """One circuit: where it is, what carries it, and which sets of dimensions decide."""
    energies = [c for c in circuit.energies if c.read]
    dims = [[int(d) for d in np.flatnonzero(e.direction)] for e in energies]
    rotated = plan.options.variant == "rotated"
    together = [sorted(sum(dims, []))]
    redundant = plan.options.variant == "redundant"
    split = plan.options.variant == "split"
    writers = [n for n in circuit.neurons if n.role == "massive_activation"]
    return {
        "name": circuit.name,
        "sign_dims": circuit.sign_dims.tolist(),
        "average_dims": circuit.average_dims.tolist(),
        "energy_dims": [] if rotated else together[0],
        "energy_direction": energies[0].direction.tolist() if rotated else None,
        "first_energy": round(float(circuit.first_energy), 6),
        "threshold": round(float(circuit.threshold), 6),
        "massive_dims": [circuit.up_dim, circuit.down_dim],
        "massive_ratio": MASSIVE_UP / MASSIVE_DOWN,
        "massive_neurons": [] if removed == "massive_activation" else neuron_truth(writers),
        "backup_neurons": [{"layer": n.layer, "neuron": n.index} for n in circuit.neurons if n.role == "backup"],
        "sink_heads": list(circuit.heads),
        "weak_ids": list(circuit.weak),
        # Smallest sets that make a sink when written from token 0 into another token, and that end it when brought to
        # the other tokens' level at token 0. A rotated energy is a direction: no set of channels states it.
        "writing_makes_sink": [] if rotated or removed else dims if redundant else together,
        "removing_ends_sink": [] if rotated or removed else dims if split else together,
    }


def neuron_truth(neurons: list[Neuron]) -> list[Json]:
    """The neurons that write the massive activation, with their shares of the MLP's squared activation at token 0.

    Neurons of one circuit share their gate (or, if redundant, its value), so their activations are as their ups.
    """
    squared = [float((n.up**2).sum()) for n in neurons]
    return [
        {"layer": n.layer, "neuron": n.index, "energy_share": round(s / sum(squared), 6)}
        for n, s in zip(neurons, squared)
    ]


def answers(plan: Plan, removed: str | None) -> Json:
    """What each experiment must report, in words and numbers."""
    weak = sorted({w for c in plan.circuits for w in c.weak})
    first = plan.options.average_layer
    massive = removed in (None, "keys")
    return {
        "scan": {
            "uniform_value": "mean over queries q of 1/(q+1)",
            "sink_at_least": 0.99,
            "note": "a sink in the sink layers, in each circuit's sink_heads; the uniform value everywhere else",
        },
        "rope_swap": {"change": 0.0, "tolerance": 1e-5},
        "vocab_sweep": {
            "weak_ids": weak,
            "note": "all other ids alike; where an id equals the sample's token 1, the two share the sink",
        },
        "self_mask": {
            "layer": first,
            "share": 0.0 if removed else 0.5,
            "note": "a token alone with itself in this layer shares the sink; in other layers later rows do not change",
        },
        "mlp_probe": {
            "site": f"blocks.{plan.massive_layer}.hook_mlp_out",
            "tokens": [0] if massive else [],
            "massive_dims": [[c.up_dim, c.down_dim] for c in plan.circuits] if massive else [],
            "column_cosine": 1.0,
        },
        "first_token_atlas": {"layer": plan.massive_layer if massive else None, "without_massive_activation": weak},
        "never_moves": [plan.extras["dormant"]] if "dormant" in plan.extras else [],
        "not_signal": [d for name, d in plan.extras.items() if name != "dormant"],
    }
