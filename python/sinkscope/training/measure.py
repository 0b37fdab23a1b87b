"""What is logged while the demo model trains. Nothing here enters the loss."""

import torch
from torch import nn
from transformers import PreTrainedModel

from sinkscope.training.corpus import even_windows

SINK_LENGTH, SINK_WINDOWS = 128, 32


def held_out_loss(model: nn.Module, ids: torch.Tensor, length: int, windows: int = 64) -> float:
    """Mean next-token loss in nats over evenly spaced windows without repeats."""
    batch = even_windows(ids, windows, length + 1)
    total = 0.0
    with torch.no_grad():
        for rows in batch.split(8):
            logits = model(input_ids=rows[:, :-1], use_cache=False).logits.float()
            total += nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="sum").item()
    return total / (windows * length)


def induction_score(model: PreTrainedModel, vocabulary: int, half: int = 48) -> float:
    """Best head's mean attention from a token's second occurrence to what followed its first, on random ids twice."""
    device = next(model.parameters()).device
    once = torch.randint(vocabulary, (8, half), generator=torch.Generator().manual_seed(0)).to(device)
    patterns = model(input_ids=once.repeat(1, 2), output_attentions=True, use_cache=False).attentions
    query = torch.arange(half, 2 * half - 1, device=device)
    return max(p[:, :, query, query - half + 1].mean((0, 2)).max().item() for p in patterns)


@torch.no_grad()
def sink_metrics(trained: PreTrainedModel, ids: torch.Tensor) -> dict:
    """Attention to token 0 and the activations that go with it, in float32, over evenly spaced held-out windows.

    `sink[l]` is the mean of A[l, h, q, 0] over samples, heads and queries q >= 1; `uniform` the same mean if every query
    attended evenly to what it sees. `massive[l]` is the largest |activation| that block l leaves in the residual."""
    config = type(trained.config).from_dict(trained.config.to_dict())
    config._attn_implementation = "eager"
    model = type(trained)(config).to(ids.device).eval()
    model.load_state_dict(trained.state_dict())
    written, hooks = [], []
    for block in model.model.layers:
        hooks.append(block.mlp.register_forward_hook(lambda _m, _i, out: written.append(out.norm(dim=-1))))
    blocks_out = []
    for block in model.model.layers:
        hooks.append(block.register_forward_hook(lambda _m, _i, out: blocks_out.append(out)))
    run = model(input_ids=even_windows(ids, SINK_WINDOWS, SINK_LENGTH), output_attentions=True, use_cache=False)
    for hook in hooks:
        hook.remove()

    to_first = torch.stack([p[:, :, 1:, 0].mean((0, 2)) for p in run.attentions])  # [layer, head]
    by_sample = torch.stack([p[:, :, 1:, 0].mean((1, 2)) for p in run.attentions])  # [layer, sample]
    layer, head = divmod(int(to_first.argmax()), to_first.shape[1])
    massive = []
    for x in blocks_out:
        sample, token, dim = torch.unravel_index(x.abs().argmax(), x.shape)
        massive.append({"value": round(x[sample, token, dim].item(), 3), "token": int(token), "dim": int(dim)})
    uniform = (1 / torch.arange(2, SINK_LENGTH + 1)).mean().item()
    sink = to_first.mean(1)
    return {
        "sink": rounded(sink), "uniform": round(uniform, 5),
        "sink_upper": round(sink[len(sink) // 3:].mean().item(), 5),
        "sink_best_sample": round(by_sample.max().item(), 5),
        "best_head": {"layer": layer, "head": head, "value": round(to_first.max().item(), 5)},
        "massive": massive,
        "mlp_norm_first": rounded(torch.stack([w[:, 0].mean() for w in written])),
        "mlp_norm_later": rounded(torch.stack([w[:, 1:].mean() for w in written])),
        "induction": round(induction_score(model, config.vocab_size), 4),
    }


def rounded(values: torch.Tensor) -> list[float]:
    return [round(v, 5) for v in values.tolist()]
