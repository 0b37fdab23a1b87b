"""Frames of `sinkscope channel-patch`."""

from sinkscope.frames.parts.trials import SEARCH_FRAMES, TRIAL_FRAMES

FRAMES = TRIAL_FRAMES | SEARCH_FRAMES
