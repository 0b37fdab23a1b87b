"""The neurons of each variant that read the energies and write the massive activation."""

import numpy as np

from sinkscope.planted.conjunction import conjunction_neurons
from sinkscope.planted.delimiter import delimiter_neuron
from sinkscope.planted.plan import TWO_STAGES, Circuit, Neuron, Plan
from sinkscope.planted.two_stage import two_stage_neurons

GATE, UP = 30.0, 100.0
MASSIVE_UP, MASSIVE_DOWN = 5.0, -2.0
DORMANT_VALUE = 0.5  # what every embedding holds in the dormant channel


def make_neurons(plan: Plan, circuit: Circuit) -> list[Neuron]:
    """The neurons that turn an energy above the threshold into a massive activation."""
    variant, layer = plan.options.variant, plan.massive_layer
    constant = plan.axis(plan.constant)
    read = [e.direction for e in circuit.energies if e.read]
    write = plan.axis(circuit.up_dim, MASSIVE_UP) + plan.axis(circuit.down_dim, MASSIVE_DOWN)
    over = GATE * (np.sum(read, axis=0) - circuit.threshold * constant)
    up = UP * constant

    if variant == "subspace":
        return conjunction_neurons(plan, circuit, up, write)
    if variant in TWO_STAGES:
        return two_stage_neurons(plan, circuit, over, up, write)
    if variant == "sample-sign":  # whichever sign the signal has
        (x,) = read
        return [Neuron(layer, GATE * (s * x - circuit.threshold * constant), up, write) for s in (1, -1)]
    if variant == "redundant":
        return [Neuron(layer, GATE * (e - circuit.threshold * constant), up, write) for e in read]
    if variant == "backup":
        shut = over - GATE * plan.axis(circuit.up_dim)
        return [Neuron(layer, over, up, write), Neuron(layer + 1, shut, up, write, role="backup")]
    if variant == "dormant":
        over = over + GATE * (plan.axis(plan.extras["dormant"]) - DORMANT_VALUE * constant)
    neurons = [Neuron(layer, over, up, write), Neuron(layer, over, 0.1 * up, write)]
    if variant == "bystander":
        aside = plan.axis(plan.extras["bystander"], 0.05)
        # The bystander lengthens the residual that the neurons' gate is normalised by; steeper gains make up for it.
        neurons = [Neuron(n.layer, 4 * n.gate, 4 * n.up, n.write) for n in neurons]
        neurons.append(Neuron(layer - 1, over, up, aside, role="bystander"))
    if variant == "later-sink":
        neurons.append(delimiter_neuron(plan, circuit, up, write))
    return neurons
