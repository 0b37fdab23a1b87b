"""The one table of colours: what a colour means, in every figure and in the HTML report.

Colour says which token's level is drawn; marker, dash or fill says under which edit. Only where a panel is of one token alone does
colour tell edits, parts or answers apart. Conditions of one list below are never of one colour, tokens and edits neither.
"""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib
from matplotlib.colors import to_hex, to_rgb

# Okabe and Ito's colours, told apart by every common kind of colour vision: https://jfly.uni-koeln.de/color/
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
DARK_GREY, GREY, PALE_GREY, FAINT_GREY = "#666666", "#999999", "#CCCCCC", "#EEEEEE"

SERIES = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY]  # runs and conditions that have only their names; the style's cycle
SEQUENTIAL, SIGNED = "cividis", "RdBu_r"  # maps of colours: of levels, and of what has a sign

TOKENS = {0: BLUE, 1: GREEN, 4: PURPLE, 8: VERMILLION}  # those that experiments track unless told otherwise
OTHER_TOKENS = [ORANGE, SKY]
LATER_SINKS = OTHER_TOKENS[0]  # tokens that are sinks without being first, together
FIRST = TOKENS[0]  # token 0, and whatever a figure of the sink tells of it alone

UNEDITED, SELF_ONLY = BLACK, ORANGE  # runs, where a panel is of one token
OPERATIONS = {"zero": BLACK, "mean": ORANGE, "resample": SKY}  # what an output is replaced by
OTHER_POSITION = SKY  # the control that makes the same edits at another token
PARTS = {"attention": SKY, "MLP": ORANGE, "residual": GREY}
MASSIVE = BLACK  # norm of the massive activation, beside attention
WITHOUT_MASSIVE = ORANGE  # ids whose norm does not grow
MEASURED = BLACK  # in full, among what is predicted; what was chosen, among all
ANSWERS = {True: BLUE, False: VERMILLION, None: "#FFFFFF"}  # of conditions that are met or not

ORDINARY = UNIFORM = RANDOM = DARK_GREY  # what levels are held against: an ordinary token, uniform attention, random moves as large
REST, SAMPLES = DARK_GREY, GREY  # all other tokens, or channels; single samples behind their mean
ROTARY_FIRST = "#888888"  # the token that has position 0
TEXT, NOTE, READINGS = BLACK, "#444444", {"effect": BLACK, "undecided": "#888888", "no effect": "#888888"}
MISSING, RULER, SHADE = PALE_GREY, PALE_GREY, FAINT_GREY  # no value; lines that divide; a range of layers


def token_colours(tokens: Iterable[int]) -> dict[int, str]:
    """A colour for each: that of TOKENS where it has one; others get what is left, in their order.

    >>> token_colours([0, 8, 33])
    {0: '#0072B2', 8: '#D55E00', 33: '#E69F00'}
    """
    tokens = list(dict.fromkeys(tokens))
    given = {token: TOKENS[token] for token in tokens if token in TOKENS}
    left = OTHER_TOKENS + [colour for token, colour in TOKENS.items() if token not in given and token != 0]
    others = [token for token in tokens if token not in given]
    given |= {token: left[at % len(left)] for at, token in enumerate(others)}
    return {token: given[token] for token in tokens}


def colour_of(token: int) -> str:
    """Of a token that is shown with token 0 alone."""
    return token_colours([0, token])[token]


def shades(count: int) -> list[str]:
    """Of things that have an order, such as layers: from dark to light, none too pale for a line."""
    scale = matplotlib.colormaps[SEQUENTIAL]
    return [to_hex(scale(0.85 * at / max(count - 1, 1))) for at in range(count)]


def tint(colour: str) -> str:
    """On which black is read."""
    return to_hex([1 - 0.45 * (1 - part) for part in to_rgb(colour)])
