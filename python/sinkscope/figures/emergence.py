"""Figure of a training run (models/demo/emergence.json): loss, sink, massive activation and induction against the step."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import FIRST, MASSIVE, REST, SERIES, UNIFORM, shades
from sinkscope.figures.parts.style import caption, floats, legend_above, new, title
from sinkscope.results import Result, read


def series(result: Result, name: str):
    return floats([c[name] for c in result.results["checkpoints"]])


def label(training: dict) -> str:
    synthetic = training["repeat_share"] + training["backcopy_share"]
    family = "" if training.get("family", "qwen3") == "qwen3" else f"{training['family']}, "
    return f"{family}seed {training['seed']}, {synthetic:.0%} synthetic"


def steps(result: Result):
    return series(result, "step")


def loss(axis, runs: list[tuple[str, Result]]) -> None:
    for (name, run), style, colour in zip(runs, ("-", "--", ":", "-."), SERIES):
        axis.plot(steps(run), series(run, "held_out_loss"), ls=style, color=colour, marker="o", ms=2, label=name)
    axis.set(xlabel="step", ylabel="held-out loss (nats)", title="next-token loss")
    axis.legend()


def sink(axis, result: Result) -> None:
    values = series(result, "sink")
    for layer, colour in enumerate(shades(values.shape[1])):
        axis.plot(steps(result), values[:, layer], color=colour, marker="o", ms=2, label=f"layer {layer}")
    axis.axhline(result.results["uniform"], color=UNIFORM, ls=":", lw=1, label="uniform")
    axis.set(xlabel="step", ylabel="mean attention to token 0", title="the sink, by layer", ylim=(0, None))
    legend_above(axis, columns=4)


def runs_beside(axis, runs: list[tuple[str, Result]]) -> None:
    """Best layer of every run, and its best head."""
    for (name, run), colour in zip(runs, SERIES):
        axis.plot(steps(run), series(run, "sink").max(1), color=colour, marker="o", ms=2, label=name)
        axis.plot(steps(run), [c["best_head"]["value"] for c in run.results["checkpoints"]], color=colour, ls="--", lw=0.9)
    axis.axhline(runs[0][1].results["uniform"], color=UNIFORM, ls=":", lw=1, label="uniform")
    axis.set(xlabel="step", ylabel="mean attention to token 0", title="best layer (solid) and head (dashed)", ylim=(0, 1))
    axis.legend(loc="upper left", fontsize=6)


def massive_activation(axis, result: Result) -> None:
    first, later = series(result, "mlp_norm_first"), series(result, "mlp_norm_later")
    layer = int((first[-1] / later[-1]).argmax())
    axis.plot(steps(result), first[:, layer], color=FIRST, marker="o", ms=2, label=f"MLP {layer} at token 0")
    axis.plot(steps(result), later[:, layer], color=REST, marker="o", ms=2, label=f"MLP {layer} at later tokens")
    axis.plot(steps(result), [max(abs(m["value"]) for m in c["massive"]) for c in result.results["checkpoints"]], color=MASSIVE,
              ls=":", label="largest residual activation")
    axis.set(xlabel="step", ylabel="norm; |activation|", title="what the MLP writes")
    axis.set_ylim(0, 1.4 * axis.get_ylim()[1])
    axis.legend(loc="upper left")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="records of other runs, such as another seed's")


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    return {"loss": lambda axis: loss(axis, [(label(result.document["training"]), result)]), "sink": lambda axis: sink(axis, result),
            "massive_activation": lambda axis: massive_activation(axis, result)}


def draw(result: Result, beside: Sequence[Path] = ()) -> Figure:
    others = [read(path, result.experiment) for path in beside]
    runs = [(label(run.document["training"]), run) for run in [result, *others]]
    figure, axes = new(2, 2)
    loss(axes[0][0], runs)
    sink(axes[0][1], result)
    runs_beside(axes[1][0], runs)
    massive_activation(axes[1][1], result)
    title(figure, result, "Training: how the sink emerges")
    training = result.document["training"]
    caption(figure, result, f"held-out windows; {training['windows']} windows of {training['length']} tokens per step")
    return figure
