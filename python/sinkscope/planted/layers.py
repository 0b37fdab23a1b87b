"""The layers in which a circuit's stages stand, in the order that it needs them."""

from sinkscope.planted.plan import Options

# MLPs from the energy's to the massive activation's: a bystander and the shortfall of a subspace are written between them.
GAP = {"bystander": 2, "subspace": 2}


def stage_layers(o: Options) -> tuple[int, int, int]:
    """Layers of energy, massive activation and first sink, in the order a circuit needs them."""
    energy = o.energy_layer if o.energy_layer is not None else o.average_layer + (o.variant == "later")
    gap = GAP.get(o.variant, 1)
    massive = o.massive_layer if o.massive_layer is not None else energy + gap
    after = 2 if o.variant == "backup" else 1  # the backup neuron stands one layer later
    sink = o.sink_from if o.sink_from is not None else massive + after
    if not (0 <= o.average_layer <= energy and energy + gap <= massive and massive + after <= sink < o.layers):
        raise ValueError(
            f"layers of average {o.average_layer}, energy {energy}, massive activation {massive}, sink {sink} of {o.layers}: "
            f"expected average <= energy, energy + {gap} <= massive activation, massive activation + {after} <= sink < layers"
        )
    return energy, massive, sink


def circuit_layers(o: Options) -> tuple[range, int, range]:
    """The blocks after which a circuit's signal is in the residual and its massive activation is not, the MLP that writes
    the massive activation, and the layers whose heads attend to it."""
    energy, massive, sink = stage_layers(o)
    shortfall = o.variant == "subspace"  # the MLP before the massive activation's reads the subspace
    return range(energy, massive - shortfall), massive, range(sink, o.layers)
