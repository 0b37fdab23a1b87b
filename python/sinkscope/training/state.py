"""The training state: a folder outside the work tree that survives a stop at any moment."""

import json
import os
from pathlib import Path

import torch
import transformers
from torch import nn
from transformers import PreTrainedModel

from sinkscope.training.corpus import SEPARATOR
from sinkscope.training.emergence import emergence

CONTINUABLE = {"steps", "decay_from"}  # may change when a run goes on; everything else is part of what the run is


def write_through(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)


def keep_settings(state: Path, settings: dict) -> None:
    """Writes the run's settings, or refuses to continue another run than the one that `state` holds."""
    file = state / "settings.json"
    if file.exists():
        before = {"family": "qwen3"} | json.loads(file.read_text())  # a run begun before there was a choice does not say
        for name in sorted((before.keys() | settings.keys()) - CONTINUABLE):
            if before.get(name) != settings.get(name):
                raise SystemExit(f"training: {state} was begun with {name} {before.get(name)}, not {settings.get(name)}; "
                                 "give the same, or a new --state")
    write_through(file, json.dumps(settings, indent=1) + "\n")


def save(state: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Everything the run needs: batches are a function of seed and step, so no generator's state is among it."""
    part = state / "checkpoint.pt.part"
    with part.open("wb") as file:
        torch.save({"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, state / "checkpoint.pt")


def load(state: Path, model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> int:
    """Restores the last checkpoint; gives the number of steps done, 0 for a new run."""
    file = state / "checkpoint.pt"
    if not file.exists():
        return 0
    kept = torch.load(file, map_location=device, weights_only=True)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    forget_log_after(state / "log.jsonl", kept["step"])
    return kept["step"]


def forget_log_after(log: Path, step: int) -> None:
    """Drops the lines of steps that the checkpoint does not hold: they will be run, and logged, again."""
    if log.exists():
        lines = [line for line in log.read_text().splitlines() if line.endswith("}")]
        write_through(log, "".join(line + "\n" for line in lines if json.loads(line)["step"] <= step))


def append_log(state: Path, line: dict) -> None:
    with (state / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def export(model: PreTrainedModel, state: Path, out: Path, dtype: torch.dtype) -> None:
    """Writes config.json, model.safetensors, tokenizer.json, tokenizer_config.json and emergence.json (the run's record),
    each whole or not at all."""
    part = out / ".export.part"
    part.mkdir(parents=True, exist_ok=True)
    config = type(model.config).from_dict(model.config.to_dict())
    plain = type(model)(config).to(dtype)
    plain.load_state_dict({name: value.to("cpu", dtype) for name, value in model.state_dict().items()})
    transformers.utils.logging.disable_progress_bar()
    plain.save_pretrained(part)
    (part / "generation_config.json").unlink(missing_ok=True)
    (part / "tokenizer.json").write_text((state / "tokenizer.json").read_text())
    (part / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": config.max_position_embeddings,
        "bos_token": None, "eos_token": SEPARATOR, "clean_up_tokenization_spaces": False}, indent=2) + "\n")
    (part / "emergence.json").write_text(json.dumps(emergence(state, plain, out.resolve().name), indent=1) + "\n")
    for file in sorted(part.iterdir()):
        file.chmod(0o644)
        os.replace(file, out / file.name)
    part.rmdir()
