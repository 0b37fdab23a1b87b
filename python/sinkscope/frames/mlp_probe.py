"""Frames of `sinkscope mlp-probe`."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, long, only, table, without
from sinkscope.results.reading import Result


def activations(result: Result) -> Iterator[Block]:
    for layer in result.results["layers"]:
        for site in layer["sites"]:
            yield from table(site["tokens"], {"layer": layer["layer"], "site": site["site"]})


def top_dimensions(result: Result) -> Iterator[Block]:
    for layer in result.results["layers"]:
        for site in layer["sites"]:
            for token in site["tokens"]:
                shared = {"layer": layer["layer"], "site": site["site"], "token": token["token"]}
                yield from table(token["top_dimensions"], shared, number="rank")


def massive_activation(result: Result) -> Iterator[Block]:
    if found := result.results["massive_activation"]:
        yield from table(found["dimensions"], only(found, "site", "layer", "token"))


def neurons(result: Result) -> Iterator[Block]:
    found = result.results["neurons"] or {"tokens": []}
    for token in found["tokens"]:
        rows = [without(neuron, "contributions") for neuron in token["top"]]
        yield from table(rows, {"layer": found["layer"], "token": token["token"]}, number="rank")


def contributions(result: Result) -> Iterator[Block]:
    found, massive = result.results["neurons"] or {"tokens": []}, result.results["massive_activation"]
    for token in found["tokens"]:
        for neuron in token["top"]:
            shared = {"layer": found["layer"], "token": token["token"], "neuron": neuron["neuron"]}
            dimensions = [one["dimension"] for one in massive["dimensions"]][: len(neuron["contributions"])]
            yield long({"contribution": neuron["contributions"]}, {"dimension": dimensions}, shared)


def neuron_energy(result: Result) -> Iterator[Block]:
    found = result.results["neurons"] or {"tokens": []}
    for token in found["tokens"]:
        yield {"layer": found["layer"], **flat(without(token, "top"))}


def direction(result: Result) -> Iterator[Block]:
    if found := result.results["direction"]:
        yield long(only(found, "before_gain", "after_gain"), {"layer": found["layers"], "token": found["tokens"]})


def self_only(result: Result) -> Iterator[Block]:
    for site in (result.results["self_only"] or {"sites": []})["sites"]:
        for token in site["tokens"]:
            for run in ("normal", "self_only"):
                yield {"site": site["site"], "token": token["token"], "run": run, **flat(without(token[run], "outliers"))}


def outliers(result: Result) -> Iterator[Block]:
    for site in (result.results["self_only"] or {"sites": []})["sites"]:
        for token in site["tokens"]:
            for run in ("normal", "self_only"):
                yield from table(token[run]["outliers"], {"site": site["site"], "token": token["token"], "run": run})


FRAMES = {
    "activations": Frame("norm, spread and largest values of activations: a row a layer, site and token", activations),
    "top_dimensions": Frame("their largest dimensions: a row a layer, site, token and rank", top_dimensions),
    "massive_activation": Frame("the dimensions of the massive activation: a row a dimension", massive_activation),
    "neurons": Frame("the neurons that hold most of the MLP's activation: a row a token and rank", neurons),
    "neuron_energy": Frame("how many neurons hold it: a row a token", neuron_energy),
    "contributions": Frame("what a neuron writes into the massive activation: a row a token, neuron and dimension", contributions),
    "direction": Frame("cosine with the massive activation's direction: a row a layer and token", direction),
    "self_only": Frame("activations where tokens see only themselves, and as they are: a row a site, token and run", self_only),
    "outliers": Frame("the outlier dimensions there: a row a site, token, run and dimension", outliers),
}
