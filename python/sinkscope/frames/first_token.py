"""Frames of `sinkscope first-token`. What an id has by layer is in the sidecar."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, long, table, without
from sinkscope.results.reading import Result


def places(count: int) -> list[str]:
    """The residual after the embedding, then after every block."""
    return ["hook_embed", *(f"blocks.{layer}.hook_resid_post" for layer in range(count - 1))]


def ids(result: Result) -> Iterator[Block]:
    found = result.results
    of_id = {"id": found["ids"], "piece": found["pieces"], "kind": found["kinds"], "growth_layer": found["growth_layer"]}
    yield {name: values for name, values in (of_id | found["after_growth"]).items() if values is not None}


def dimensions(result: Result) -> Iterator[Block]:
    found = result.results["largest_growth"]
    yield from table(found["dimensions"], {"layer": found["layer"]}, number="rank")


def without_growth(result: Result) -> Iterator[Block]:
    for rank, one in enumerate((result.results["without_growth"] or {"ids": []})["ids"]):
        yield {"rank": rank, **without(one, "norm_by_layer")}


def without_growth_by_site(result: Result) -> Iterator[Block]:
    for one in (result.results["without_growth"] or {"ids": []})["ids"]:
        norms = one["norm_by_layer"]
        yield long({"norm": norms}, {"site": places(len(norms))}, {"id": one["id"], "piece": one["piece"]})


def norm_quantiles(result: Result) -> Iterator[Block]:
    found = result.results["norm_quantiles"]
    yield long({"norm": found["by_layer"]}, {"site": places(len(found["by_layer"])), "quantile": found["p"]})


FRAMES = {
    "ids": Frame("what each id becomes when the largest growth is complete: a row an id", ids),
    "growth_dimensions": Frame("the dimensions that grow most: a row a rank", dimensions),
    "norm_quantiles": Frame("norm of the residual over ids: a row a site and quantile", norm_quantiles),
    "without_growth": Frame("ids that get no massive activation, weakest first: a row an id", without_growth),
    "without_growth_by_site": Frame("their norms through the network: a row an id and site", without_growth_by_site),
}
