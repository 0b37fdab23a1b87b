"""mlp-probe on the page: the massive activation by dimension, magnitudes and parts by layer, the neurons, layers 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import FIRST, PARTS, REST, token_colours
from sinkscope.report.kinds.columns import at_largest, first, short, values
from sinkscope.report.kinds.figure import MUTED, Figure, axes, figure
from sinkscope.report.kinds.points import bars, curve, points
from sinkscope.results.loaded import LoadedResult

TITLE = "What the MLPs write at the first token"
QUESTION = "Which MLP writes the massive activation, in which dimensions, by which neurons?"
SITES = {"resid_pre": "residual", "attn_out": "attention", "mlp_out": "MLP"}


def figures(result: LoadedResult) -> Iterator[Figure]:
    yield magnitudes(result)
    yield parts(result)
    for draw in (massive_activation, neurons, direction, self_only):
        if draw.__name__ in result.frames:
            yield draw(result)


def colour_in(frame, token: int) -> str:
    """Of a token, beside the others of the frame."""
    return token_colours(frame["token"].unique().tolist())[token]


def magnitudes(result: LoadedResult) -> Figure:
    frame = result.frame("activations").query("site == 'resid_post'")
    traces = [curve(f"token {token}", values(some["layer"]), values(some["max_abs"]), colour=colour_in(frame, token), across="layer",
                    value="largest |x|") for token, some in frame.groupby("token")]
    some = frame[frame["token"] == first(frame)["token"]]
    traces.append(curve("median |x|", values(some["layer"]), values(some["median_abs"]), colour=MUTED, dash="dot", marks=False,
                        across="layer", value="median |x|"))
    row = at_largest(frame, "max_abs")
    return figure("magnitudes", "Largest magnitude of the residual, by layer",
                  f"Largest at token {row['token']} after layer {row['layer']}: {short(row['max_abs'])}.", traces, "layer",
                  "largest |x| of resid_post", y_axis={"type": "log"})


def parts(result: LoadedResult) -> Figure:
    """An option a token: norms of what comes in, and of what attention and the MLP write."""
    frame, options = result.frame("activations"), {}
    for token, of_token in frame.groupby("token"):
        options[str(token)] = [
            curve(name, values(some["layer"]), values(some["norm"]), colour=PARTS[name], across="layer", value="mean norm",
                  words=[f"standard deviation over samples {short(one)}" for one in some["norm_sd"]])
            for site, name in SITES.items() if not (some := of_token[of_token["site"] == site]).empty]
    row = at_largest(frame[frame["site"] == "mlp_out"], "norm")
    return Figure("parts", "Parts of the residual, by layer", f"The MLP of layer {row['layer']} writes most, at token {row['token']}: norm "
                  f"{short(row['norm'])}.", options, axes("layer", "mean norm", y_axis={"type": "log"}), choice="at token")


def massive_activation(result: LoadedResult) -> Figure:
    frame = result.frame("massive_activation").head(10)
    names = [f"dimension {one}" for one in frame["dimension"]]
    row = first(frame)
    traces = [bars("token 0", names, values(frame["mean"].abs()), colour=FIRST, across="", value="mean |x|",
                   words=[f"mean {one:.4g}" for one in frame["mean"]]),
              bars("other tokens", names, values(frame["others"]), colour=REST, across="", value="mean |x|")]
    return figure("massive-activation", "The massive activation", f"Written at {row['site'].replace('hook_', '')}: dimension "
                  f"{row['dimension']} holds {row['mean']:+.5g} at token 0, {row['others']:.3g} at others.", traces, "", "mean |x|",
                  x_axis={"type": "category"}, y_axis={"type": "log"}, barmode="group", height=340)


def neurons(result: LoadedResult) -> Figure:
    frame, options = result.frame("neurons"), {}
    for token, some in frame.groupby("token"):
        words = [f"activation {short(row['activation'])}, gate {short(row['gate'])}, up {short(row['up'])}, cosine with the first "
                 f"{short(row['cosine_to_first'])}" for row in some.to_dict("records")]
        options[str(token)] = [bars("neurons", [f"neuron {one}" for one in some["neuron"]], values(some["energy_share"]),
                                    colour=colour_in(frame, token), across="", value="share of energy", words=words)]
    row = first(frame)
    energy = first(result.frame("neuron_energy"))
    says = (f"Neuron {row['neuron']} of layer {row['layer']} holds {short(row['energy_share'], '.0%')} of the energy at token "
            f"{row['token']}; "
            f"the fewest that hold 99 % are {energy['energy_99']}.")
    return Figure("neurons", "The strongest neurons", says, options, axes("", "share of energy", x_axis={"type": "category"}),
                  choice="at token", height=340)


def direction(result: LoadedResult) -> Figure:
    frame, traces = result.frame("direction"), []
    for token, some in frame.groupby("token"):
        for column, text, dash in (("before_gain", "", "solid"), ("after_gain", ", after the gain", "dash")):
            traces.append(curve(f"token {token}{text}", values(some["layer"]), values(some[column]), colour=colour_in(frame, token),
                                dash=dash, marks=False, across="layer", value="cosine"))
    return figure("direction", "Along the massive activation, by layer", "Cosine of the residual with the massive activation's direction.",
                  traces, "layer", "cosine", y_axis={"range": [-1.05, 1.05]})


def self_only(result: LoadedResult) -> Figure:
    frame, traces = result.frame("self_only"), []
    names = [site.replace("blocks.", "").replace("hook_", "") for site in frame["site"]]
    frame = frame.assign(place=names)
    for token, of_token in frame.groupby("token"):
        for run, text, symbol in (("normal", "as it is", "circle-open"), ("self_only", "self-only", "x")):
            some = of_token[of_token["run"] == run]
            traces.append(points(f"token {token}, {text}", values(some["norm"]), some["place"].tolist(), colour=colour_in(frame, token),
                                 symbol=symbol, across="site", value="mean norm"))
    return figure("self-only", "Layers 0 and 1: self-only rows beside the others", "Mean norms at every hook point of layers 0 and 1.",
                  traces, "mean norm", "", x_axis={"type": "log"}, y_axis={"type": "category", "autorange": "reversed"},
                  height=140 + 17 * frame["place"].nunique())
