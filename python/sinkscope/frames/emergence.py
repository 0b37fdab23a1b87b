"""Frames of the record that `python -m sinkscope.training` writes."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, long, only
from sinkscope.results.reading import Result


def checkpoints(result: Result) -> Iterator[Block]:
    for one in result.results["checkpoints"]:
        rest = flat(only(one, "train_loss", "held_out_loss", "induction", "best_head"))
        yield {"step": one["step"], "training_tokens": one["tokens"], **rest}


def by_layer(result: Result) -> Iterator[Block]:
    for one in result.results["checkpoints"]:
        values = {"mean_attention": one["sink"], **only(one, "mlp_norm_first", "mlp_norm_later")}
        massive = {f"massive_{key}": [place[key] for place in one["massive"]] for key in ("value", "token", "dim")}
        yield long(values, {"layer": None}, only(one, "step")) | massive


FRAMES = {
    "checkpoints": Frame("loss and induction through training: a row a step", checkpoints),
    "checkpoints_by_layer": Frame("sink, MLP norms and massive activation: a row a step and layer", by_layer),
}
