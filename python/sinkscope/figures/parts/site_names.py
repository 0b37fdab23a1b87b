"""Names of sites along an axis, as many as have room."""

from __future__ import annotations

from collections.abc import Callable

from sinkscope.figures.parts.trial_rows import layer_of

LINE = 1.35  # of the font's size: one name beside the next
POINTS = 72  # of an inch


def name_sites(set_ticks: Callable, sites: list[str], names: list[str], room: float, fontsize: float, **options) -> bool:
    """All names where `room` inches hold them side by side, else that of the first site of every k-th block; whether all."""
    need = LINE * fontsize / POINTS * len(sites) / room  # sites that one name covers
    shown = list(range(len(sites)))
    if need > 1:
        firsts = {layer_of(site): at for at, site in reversed(list(enumerate(sites))) if site != "hook_embed"}
        shown = sorted(firsts.values())
        each = len(sites) / len(shown)
        shown = shown[:: max(1, -int(-need // each))]
    set_ticks(shown, [names[at] for at in shown], fontsize=fontsize, **options)
    return len(shown) == len(sites)
