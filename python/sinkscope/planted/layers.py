"""The layers in which a circuit's stages stand, in the order that it needs them."""

from sinkscope.planted.plan import Options


def stage_layers(o: Options) -> tuple[int, int, int]:
    """Layers of energy, massive activation and first sink, in the order a circuit needs them."""
    energy = o.energy_layer if o.energy_layer is not None else o.average_layer + (o.variant == "later")
    massive = o.massive_layer if o.massive_layer is not None else energy + (2 if o.variant == "bystander" else 1)
    after = 2 if o.variant == "backup" else 1  # the backup neuron stands one layer later
    sink = o.sink_from if o.sink_from is not None else massive + after
    gap = 2 if o.variant == "bystander" else 1
    if not (0 <= o.average_layer <= energy and energy + gap <= massive and massive + after <= sink < o.layers):
        raise ValueError(
            f"layers of average {o.average_layer}, energy {energy}, massive activation {massive}, sink {sink} of {o.layers}: "
            f"expected average <= energy, energy + {gap} <= massive activation, massive activation + {after} <= sink < layers"
        )
    return energy, massive, sink
