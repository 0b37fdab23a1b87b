"""Frames of `sinkscope channel-trace`."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, long, only, table, without
from sinkscope.results.reading import Result


def channels(result: Result) -> Iterator[Block]:
    for site in result.results["sites"]:
        yield from table((without(one, "mean", "mean_self_only") for one in site["dimensions"]), only(site, "site"))


def means(result: Result) -> Iterator[Block]:
    for site in result.results["sites"]:
        for one in site["dimensions"]:
            yield long(only(one, "mean", "mean_self_only"), {"token": None}, {"site": site["site"], "dimension": one["dimension"]})


def sites(result: Result) -> Iterator[Block]:
    yield from table(result.results["sites"])


FRAMES = {
    "channels": Frame("how well a dimension tells token 0 from tokens 1 to 8: a row a site and dimension", channels),
    "channel_means": Frame("its mean by token: a row a site, dimension and token", means),
    "sites": Frame("the largest AUC that chance gives: a row a site", sites),
}
