"""self-mask on the page: attention to the masked token beside the first token's, the ratio, and what the first token loses."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import token_colours
from sinkscope.report.kinds.attention import layer_curve
from sinkscope.report.kinds.columns import at_largest, at_smallest, ends, span, values
from sinkscope.report.kinds.figure import Figure, axes, figure, level_line
from sinkscope.report.kinds.points import points
from sinkscope.results.loaded import LoadedResult

TITLE = "Tokens that attend only to themselves"
QUESTION = "Does a later token become a sink when it attends only to itself in the first layers?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    colours = {str(token): colour for token, colour in token_colours(result.results["tokens"]).items()}
    yield by_layer(result, colours)
    yield ratios(result, colours)
    yield changes(result, colours)


def by_layer(result: LoadedResult, colours: dict[str, str]) -> Figure:
    """An option a set of layers. Solid: to the masked token; dashed: to token 0 from the same queries; dotted: the control."""
    frame = result.frame("attention_by_layer")
    frame, options = frame[frame["tokens"].isin(list(colours)) & frame["layers"].notna()], {}
    for layers, some in frame.groupby("layers", sort=False):
        traces = []
        for token, colour in colours.items():
            for mode, measured, name, dash in (("self_only", "masked", f"to token {token}, masked", "solid"),
                                               ("self_only", "first", f"to token 0, {token} masked", "dash"),
                                               ("not_self", "masked", f"to token {token}, which may not see itself", "dot")):
                one = some[(some["tokens"] == token) & (some["mode"] == mode) & (some["measured"] == measured)]
                if not one.empty:
                    traces.append(layer_curve(one, name, colour, dash=dash))
        options[f"layers {layers}"] = traces
    masked = frame[(frame["mode"] == "self_only") & (frame["measured"] == "masked")]
    row = at_largest(masked, "mean_attention")
    says = (f"Most attention to a masked token: {span(row, 'mean_attention')} to token {row['token']} in layer {row['layer']}, when it "
            f"sees only itself in layers {row['layers']}. Solid: to the masked token; dashed: to token 0; dotted: the control.")
    return Figure("by-layer", "Attention by layer, by the layers with self-only rows", says, options,
                  axes("layer", "mean attention", y_axis={"rangemode": "tozero"}), choice="self-only in", height=420,
                  first=f"layers {row['layers']}")


def ratios(result: LoadedResult, colours: dict[str, str]) -> Figure:
    frame = result.frame("ratio")
    frame = frame[(frame["mode"] == "self_only") & frame["tokens"].isin(list(colours))]
    traces = [points(f"token {token}", values(some["layers"]), values(some["ratio"]), colour=colours[token], across="layers",
                     value="masked / token 0", mode="lines+markers") for token, some in frame.groupby("tokens", sort=False)]
    row = at_largest(frame, "ratio")
    says = (f"Attention to the masked token over that to token 0; largest for token {row['token']} in layers {row['layers']}: "
            f"{row['ratio']:.3g}.")
    return figure("ratio", "Masked token over the first token", says, traces, "layers with self-only rows", "masked / token 0",
                  x_axis={"type": "category"}, y_axis={"rangemode": "tozero"}, shapes=[level_line(1, "as the first token")])


def changes(result: LoadedResult, colours: dict[str, str]) -> Figure:
    frame = result.frame("change_of_first")
    frame = frame[frame["tokens"].isin(list(colours))]
    traces = [points(f"token {token} masked", values(some["layers"]), values(some["change_of_first"]), *ends(some, "change_of_first"),
                     colour=colours[token], across="layers", value="change") for token, some in frame.groupby("tokens", sort=False)]
    row = at_smallest(frame, "change_of_first")
    says = (f"What token 0 loses, paired by sample: most in layers {row['layers']} with token {row['tokens']} masked, "
            f"{span(row, 'change_of_first')}.")
    return figure("change-of-first", "What the first token loses", says, traces, "layers with self-only rows",
                  "change of attention to token 0", x_axis={"type": "category"}, shapes=[level_line(0, "")])
