"""A massive activation that needs several energies at once, each above a threshold of its own.

Separate thresholds alone make no subspace: where the other tokens differ from the first one always along the same
direction, that one direction, written, lifts all energies at once. So an offset that differs from token to token moves the
other tokens about, at right angles to the sum of the energies; it is zero for a token that saw itself alone.

The energies' MLP writes the offset, the MLP before the massive activation's sums in one channel by how much the energies
fall short of their thresholds, and the massive activation comes where nothing falls short.
"""

import numpy as np

from sinkscope.planted.plan import Circuit, Neuron, Plan

OFFSET = 0.5  # largest size by own signs, in units of one energy of the first token
OFFSET_SIGNS = 4  # signs that make one offset: 16 values
SHORT_GATE, SHORT_WRITE = 100.0, 0.015
SHORT_LIMIT, MASSIVE_GATE = 0.02, 1000.0  # the shortfall from which there is no massive activation


def conjunction_neurons(plan: Plan, circuit: Circuit, up: np.ndarray, write: np.ndarray) -> list[Neuron]:
    """Offsets, shortfalls and the massive activation, which `write` adds; `up` is its neurons' up."""
    constant, shortfall = plan.axis(plan.constant), plan.axis(plan.extras["shortfall"])
    short = []
    for energy in circuit.energies:
        threshold = circuit.threshold * len(energy.members) / len(circuit.sign_dims)
        gate = SHORT_GATE * (threshold * constant - energy.direction)
        short.append(Neuron(plan.massive_layer - 1, gate, constant, SHORT_WRITE * shortfall, role="shortfall"))
    full = MASSIVE_GATE * (SHORT_LIMIT * constant - shortfall)
    massive = [Neuron(plan.massive_layer, full, size * up, write) for size in (1.0, 0.1)]
    return [*offset_neurons(plan, circuit), *short, *massive]


def offset_neurons(plan: Plan, circuit: Circuit) -> list[Neuron]:
    """Pairs SiLU(z) - SiLU(-z) = z: average minus own sign, weighted so that the own signs' sums are evenly spread."""
    rank, constant = len(circuit.energies), plan.axis(plan.constant)
    size = np.sqrt(plan.hidden / plan.norm_squared)  # of a sign in the average of a token alone
    chosen = plan.rng.permutation(len(circuit.sign_dims))[: OFFSET_SIGNS * (rank - 1)].reshape(rank - 1, OFFSET_SIGNS)
    weights = 2.0 ** np.arange(OFFSET_SIGNS)
    # The neuron's two inputs are both divided by the residual's length, which is nearly R for a token that saw many.
    scale = OFFSET * circuit.first_energy / rank * plan.norm_squared / plan.hidden
    neurons = []
    for signs, along in zip(chosen, across_sum(circuit)):
        z = sum(w * (plan.axis(circuit.average_dims[i]) / size - plan.axis(circuit.sign_dims[i])) for w, i in zip(weights, signs))
        for sign in (1.0, -1.0):
            gate = sign * z / weights.sum()
            neurons.append(Neuron(plan.energy_layer, gate, constant, sign * scale * along, role="offset"))
    return neurons


def across_sum(circuit: Circuit) -> list[np.ndarray]:
    """Vectors `[hidden]` of length sqrt(2) in the energies' subspace, at right angles to their sum and to each other."""
    directions, found = [e.direction for e in circuit.energies], []
    for k in range(1, len(directions)):
        v = np.sum(directions[:k], axis=0) - k * directions[k]
        found.append(v * np.sqrt(2 / (k * (k + 1))))
    return found
