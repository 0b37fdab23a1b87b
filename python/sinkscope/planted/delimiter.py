"""An id that is a sink wherever it stands: a neuron knows it by its own signs and writes the circuit's massive activation."""

import numpy as np

from sinkscope.planted.plan import Circuit, Neuron, Plan

# Two ids agree in at most three quarters of their signs, where the sum of products is half of all: the id itself has all.
MATCHES = 0.75
# The margin is a quarter of the signs, either way: a gate steep enough that the ids that agree most leak nothing, and an up
# that makes up for it, so that the delimiter's massive activation is about the first token's.
DELIMITER_GATE, DELIMITER_UP = 10.0, 0.25


def delimiter_neuron(plan: Plan, circuit: Circuit, up: np.ndarray, write: np.ndarray) -> Neuron:
    """The neuron that adds `write` where the token is the delimiter; `up` is the base circuit's."""
    matches = np.zeros(plan.hidden)
    matches[circuit.sign_dims] = circuit.signs[plan.options.delimiter]
    gate = DELIMITER_GATE * (matches - MATCHES * len(circuit.sign_dims) * plan.axis(plan.constant))
    return Neuron(circuit.massive_layer, gate, DELIMITER_UP * up, write, role="delimiter")
