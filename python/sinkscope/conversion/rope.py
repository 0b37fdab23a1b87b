"""How a GGUF file stretches rotary positions, as config.json says it."""

from typing import Any

import numpy as np

from sinkscope.conversion.gguf_file import GgufFile

FREQUENCIES = "rope_freqs.weight"  # [head width / 2]: what Llama 3's rule divides each frequency by
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}  # of Llama 3.1 to 3.3


def rope_scaling(file: GgufFile, width: int) -> dict[str, Any] | None:
    kind = file.own("rope.scaling.type", "none")
    if FREQUENCIES in file.tensors:
        if kind != "none":
            raise file.error(f"'{FREQUENCIES}' beside '{file.architecture}.rope.scaling.type' = '{kind}': expected one of the two")
        return llama3(file, width)
    if kind == "none":
        return None
    if kind not in ("linear", "yarn"):
        raise file.error(f"'{file.architecture}.rope.scaling.type': expected none, linear or yarn, found '{kind}'")
    found = {"rope_type": kind, "factor": float(file.need(f"{file.architecture}.rope.scaling.factor"))}
    if kind == "yarn":
        found["original_max_position_embeddings"] = file.need(f"{file.architecture}.rope.scaling.original_context_length")
    return found


def llama3(file: GgufFile, width: int) -> dict[str, Any]:
    """The file has the rule's outcome and not its settings: the published ones are taken if they give the same, to the float32
    in which the file was written."""
    held = file.values(FREQUENCIES)
    settings = {"rope_type": "llama3", "factor": float(held.max()), **LLAMA3}
    expected = llama3_divisors(settings, float(file.own("rope.freq_base", 10000.0)), width)
    if held.shape != expected.shape or not np.allclose(held, expected, rtol=1e-5, atol=0):
        raise file.error(f"tensor '{FREQUENCIES}' is not what Llama 3's settings give ({settings})")
    return settings


def llama3_divisors(settings: dict[str, Any], theta: float, width: int) -> np.ndarray:
    """Waves shorter than original / high stay, longer than original / low are divided by `factor`, those between get a mean."""
    wave = 2 * np.pi * theta ** (np.arange(0, width, 2) / width)
    low, high = settings["low_freq_factor"], settings["high_freq_factor"]
    share = np.clip((settings["original_max_position_embeddings"] / wave - low) / (high - low), 0, 1)
    return 1 / ((1 - share) / settings["factor"] + share)
