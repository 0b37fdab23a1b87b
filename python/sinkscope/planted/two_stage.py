"""Two sinks one after the other: the first massive activation is taken away, and further up a second one is written.

The second stage reads a trace, which the first massive activation left while it was there, or has an energy of its own.
"""

import numpy as np

from sinkscope.planted.energies import TRACE
from sinkscope.planted.plan import Circuit, Neuron, Plan

STEEPER = 12.0  # than the base circuit's gate: the ballast shortens all else in the norm, and the energy is smaller
LARGER = 4.0  # the second massive activation, than the first


def two_stage_neurons(plan: Plan, circuit: Circuit, over: np.ndarray, up: np.ndarray, write: np.ndarray) -> list[Neuron]:
    """A stage's neurons. `over` and `up` are the base circuit's gate and up, `write` the massive activation's direction.

    The second massive activation is the larger: the first has to be taken away by a write that does not know its size.
    """
    first = circuit is plan.circuits[0]
    gate, up = STEEPER * over, up if first else LARGER * up
    massive = [Neuron(circuit.massive_layer, gate, size * up, write) for size in (1.0, 0.1)]
    return massive + after_first(plan, circuit, massive, write) if first else massive


def after_first(plan: Plan, circuit: Circuit, massive: list[Neuron], write: np.ndarray) -> list[Neuron]:
    """What reads the first massive activation: the trace for the second stage, and its removal.

    Both have it as gate and up, which the norm holds at the same size while it dominates the residual.
    """
    length2 = first_length_squared(plan)
    root = np.sqrt(plan.hidden)
    size = sum(silu(first_token(plan, circuit) @ n.gate * root / np.sqrt(length2)) * up_of(plan, n, length2) for n in massive)
    length2 += float((size * write) @ (size * write))
    read = plan.axis(circuit.up_dim)
    neurons = []
    if plan.options.variant == "two-stage":
        (trace,) = plan.circuits[1].energies
        act = read_twice(size * write[circuit.up_dim] * root / np.sqrt(length2))
        neurons.append(Neuron(plan.sink_from, read, read, TRACE / act * trace.direction, role="trace"))
        length2 += TRACE**2 if plan.sink_from < plan.removal_layer else 0.0
    act = read_twice(size * write[circuit.up_dim] * root / np.sqrt(length2))
    return [*neurons, Neuron(plan.removal_layer, read, read, -size / act * write, role="removal")]


def first_token(plan: Plan, circuit: Circuit) -> np.ndarray:
    """What the massive activation's neurons read of an ordinary first token, `[hidden]`."""
    return plan.axis(plan.constant) + circuit.first_energy * circuit.energies[0].direction


def first_length_squared(plan: Plan) -> float:
    """Squared length of an ordinary first token's residual once it has its energies: embedding, averages, energies."""
    signed = [c for c in plan.circuits if len(c.sign_dims)]
    averages = sum(len(c.sign_dims) for c in signed) * plan.hidden / plan.norm_squared
    return plan.norm_squared + averages + sum(c.first_energy**2 for c in signed)


def up_of(plan: Plan, neuron: Neuron, length2: float) -> float:
    """A massive activation's neuron's up at a residual of this squared length."""
    return float(plan.axis(plan.constant) @ neuron.up) * np.sqrt(plan.hidden / length2)


def read_twice(x: float) -> float:
    """Activation of a neuron that has `x` as gate and up."""
    return silu(x) * x


def silu(x: float) -> float:
    return x / (1.0 + np.exp(-x))
