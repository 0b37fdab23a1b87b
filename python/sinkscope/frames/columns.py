"""What the columns of frames mean. A column has the name of the JSON; the result's `metrics` define what is measured.

Behind a column's name may stand what was done with it (SUFFIXES), so that `loss_difference_ci95_low` is documented by `loss`.
"""

from __future__ import annotations

from typing import Any

SUFFIXES = {
    "_ci95_low": ("float", "lower end of its 95 % interval"),
    "_ci95_high": ("float", "upper end of its 95 % interval"),
    "_n": ("int", "samples that have a value"),
    "_sd": ("float", "its standard deviation over samples (`score_by_layer`: over ids)"),
    "_unedited": ("float", "in the unedited run"),
    "_edited": ("float", "under the trial's edits"),
    "_difference": ("float", "edited less unedited, paired by sample"),
}
ABOUT = ("", "what tells a trial from others of its role, by the keys of its `about` (docs/trials.md)")
COLUMNS = {
    # where
    "sample": ("int", "sample, from 0"),
    "start": ("int", "the sample's first token in the text, or its line"),
    "length": ("int", "the sample's tokens"),
    "half": ("text", "`choosing` or `testing`: the half of the documents that it is in"),
    "layer": ("int", "block, from 0"),
    "head": ("int", "query head, from 0"),
    "token": ("int", "place of a token in its sample, from 0; missing where a row is of other tokens together"),
    "token_set": ("text", "`tracked`: the row's token; `ordinary`, `others`: mean of the ordinary, of all other tokens"),
    "query": ("int", "place of the token that attends"),
    "key": ("int", "place of the token that is attended to"),
    "first_query": ("int", "first query that counts"),
    "site": ("text", "hook point, as `sinkscope hooks` names it; scan and mlp-probe: its end, in the layer beside it"),
    "dimension": ("int", "dimension of the residual, or of what is at the site"),
    "channel": ("int", "channel of the MLP's normalised input"),
    "neuron": ("int", "neuron of the MLP"),
    "rank": ("int", "place in the result's order, from 0"),
    "samples": ("int", "samples that count"),
    # under which condition
    "condition": ("text", "name of a condition: rope-swap's; identify's of a candidate"),
    "condition_kind": ("text", "what kind of change of rotary positions it is"),
    "rotary_position": ("int", "the rotary position that the token gets"),
    "mode": ("text", "self-mask: `self_only`, `not_self` (the control), or `baseline`"),
    "layers": ("text", "layers in which the mask holds; missing in the baseline"),
    "tokens": ("text", "tokens that are masked or edited"),
    "measured": ("text", "`masked`: a masked token; `first`: token 0 from the same queries"),
    "run": ("text", "`normal` or `self_only`"),
    # attention
    "mean_attention": ("float", "mean attention to the token; trials: at the sink layer, or in the layer beside it; emergence: to token 0"),
    "uniform": ("float", "what it is where every row spreads its attention evenly"),
    "epsilon": ("float", "threshold of `sink_rate`"),
    "sink_rate": ("float", "share of samples and heads whose attention to the token is above epsilon"),
    "profile": ("float", "mean attention that a key gets from later queries"),
    "pattern": ("float", "attention of the query to the key, mean over samples; missing where the key comes later"),
    "ratio": ("float", "self-mask: attention to the masked token over that to token 0; mlp-probe: largest over median magnitude"),
    "change_of_first": ("float", "attention to token 0 less that of the unmasked run"),
    # trials
    "name": ("text", "the trial"),
    "role": ("text", "what it is for: edit, removal, writing, copy, clamp, condition, control"),
    "attention": ("text", "condition on the rows of attention, as `--attention` spells it"),
    "reading": ("text", "`effect`, `no effect` or `undecided`; `suspects`: what the dimension does"),
    "is_ordinary": ("text", "whether the token is back at the level of an ordinary one: `yes`, `no`, `undecided`"),
    "above_ordinary": ("float", "edited attention, less an ordinary token's in the same run"),
    "ordinary": ("float", "mean attention to ordinary tokens at the sink layer"),
    "massive_activation": ("float", "norm of the massive activation's dimensions at the token, where they are written"),
    "loss": ("float", "next-token cross entropy, nats"),
    "from_condition": ("float", "difference from the same attention condition without the edits"),
    "frozen": ("float", "difference where norms keep the unedited run's scale"),
    "interaction": ("float", "difference beyond the sum of the parts'"),
    "no_op_largest_difference": ("float", "of the control that edits nothing: 0"),
    "other_position_token": ("int", "token of the control that edits another token"),
    "other_position": ("float", "of that control"),
    "random_n": ("int", "random controls"),
    "random_mean": ("float", "their mean effect"),
    "random_p95": ("float", "95 % quantile of their effects' magnitudes"),
    "random_largest": ("float", "largest magnitude of them"),
    "random_p": ("float", "share of them at least as large as the edit's own effect"),
    "outside_natural_range_share": ("float", "share of written values outside the natural range of their coordinate"),
    "outside_natural_range_largest": ("float", "the most samples that one coordinate has outside, as a share"),
    "outside_natural_range_dimension": ("int", "that coordinate"),
    "outside_natural_range_flagged": ("bool", "more is outside than chance allows"),
    "first_token": ("text", "kind of the samples' first token: ordinary, whitespace, special, repeated"),
    "edit": ("int", "place in the trial's edits"),
    "operation": ("text", "zero, set, mean, resample, copy, match_norm, rotate, project_out, add, scale"),
    "dose": ("float", "share of the edit that is made"),
    "all_but": ("text", "all tokens but these are edited"),
    "dimensions": ("text", "dimensions that are edited or make the set; empty: a direction through all"),
    "from_run": ("text", "run that values come from"),
    "from_site": ("text", "hook point that they come from"),
    "from_tokens": ("text", "tokens that they come from"),
    "basis_rank": ("int", "vectors of the edit's or the signal's basis"),
    "mean_attention_first": ("float", "mean attention to token 0"),
    "mean_attention_ordinary": ("float", "mean attention to ordinary tokens"),
    # searches, identify
    "own_suffices": ("bool", "token 0's own row makes a sink of the later token"),
    "level_suffices": ("bool", "its mean row does"),
    "removal_ends": ("bool", "the later token's mean row at token 0 ends the sink"),
    "ends_sink": ("bool", "the sink ends"),
    "each_needed": ("bool", "without any one of the set's dimensions it makes no sink"),
    "apart": ("bool", "the sets have no dimension in common"),
    "needed": ("text", "smallest set of dimensions whose removal ends the sink, empty: none was found; `earlier`: whether the sink needs "
               "the earlier signal: yes, no, in part or open"),
    **{f"levels_{row}{of}": ("float", f"attention to {whom}, {what}")
       for row, what in {"": "the block's output replaced", "own_": "token 0's own row written at the later token",
                         "whole_": "its mean row written there", "removed_": "the later token's mean row at token 0"}.items()
       for of, whom in {"first": "token 0", "later": "the later token", "ordinary": "an ordinary token"}.items()},
    "set": ("int", "place of a set in the site's `sufficient`; missing: all together"),
    "is_direction": ("bool", "the set is directions, not the dimensions themselves"),
    "candidate": ("int", "place in the stage's `candidates`"),
    "tensor": ("text", "what the names of its tensors in the file begin with"),
    "passes": ("bool", "every condition is met"),
    "refuted": ("bool", "a condition is not met"),
    "controls_move": ("float", "the most that a control moves the sink, as a share of the unedited one"),
    "met": ("text", "`yes`, `no` or `open`"),
    "value": ("float", "what the condition asks for"),
    "what": ("text", "the condition in words"),
    "removed": ("float", "difference at token 0 where the dimension is removed; `chain`, `earlier`: level there"),
    "written": ("float", "difference at the later token where it is written; `chain`, `earlier`: level there"),
    # activations
    "norm": ("float", "norm of a vector; its mean over samples where there are several"),
    "spread": ("float", "of unit vectors over samples; vocab-sweep: standard deviation of an id's score over samples"),
    "max_abs": ("float", "largest magnitude of a value"),
    "median_abs": ("float", "median magnitude"),
    "massive_rate": ("float", "share of samples with a massive activation"),
    "top2_share": ("float", "share of the squared norm in the two largest dimensions"),
    "mean": ("float", "mean over samples of the dimension's value"),
    "mean_abs": ("float", "mean of its magnitude"),
    "mean_self_only": ("float", "its mean where every token sees only itself"),
    "others": ("float", "mean magnitude of the dimension at other tokens"),
    "massive": ("bool", "it is massive by the rule of Sun et al."),
    "share": ("float", "share of the mean squared norm"),
    "activation": ("float", "mean activation of the neuron"),
    "gate": ("float", "mean of its gate, before the activation function"),
    "up": ("float", "mean of its up projection"),
    "energy_share": ("float", "its share of the mean squared activation"),
    "cosine_to_first": ("float", "cosine with what token 0 has"),
    "energy_25": ("int", "fewest neurons that hold 25 % of the mean squared activation"),
    "energy_75": ("int", "75 %"),
    "energy_99": ("int", "99 %"),
    "contribution": ("float", "activation times weight into the dimension; `components`: component times the difference of the means"),
    "before_gain": ("float", "cosine of the residual with the massive activation's direction"),
    "after_gain": ("float", "the same after the norm's gain"),
    # channels and directions
    "auc": ("float", "area under the ROC curve of token 0 against later tokens, at least 0.5"),
    "auc_self_only": ("float", "the same where every token sees only itself"),
    "effect_size": ("float", "Cohen's d of token 0 against tokens 1 to 8"),
    "effect_size_chosen": ("float", "on the half that chooses"),
    "effect_size_tested": ("float", "on the half that tests"),
    "effect_size_self_only": ("float", "where every token sees only itself"),
    "p": ("float", "share of permutations whose largest AUC is at least as large"),
    "rank_by_magnitude": ("int", "place by the magnitude of the mean at token 0, from 0"),
    "width": ("int", "dimensions at the site"),
    "largest_auc_by_chance_median": ("float", "median over permutations of the largest AUC"),
    "largest_auc_by_chance_p95": ("float", "its 95 % quantile"),
    "R": ("float", "how evenly the channel's weights are spread over neurons (metrics: R)"),
    "R_plus": ("float", "R of the channel in the positive direction"),
    "R_minus": ("float", "R in the negative direction"),
    "rank_by_R": ("int", "place by R, 1 the largest"),
    "difference": ("float", "magc: mean at token 0 less that at token 1; `compare`, `paired`: the other result less this one"),
    "direction": ("int", "its sign"),
    "mean_first": ("float", "mean of the channel at token 0"),
    "mean_second": ("float", "at token 1"),
    "mean_later": ("float", "at the later token"),
    "alpha": ("float", "weight by which the channel drives the neuron (metrics: alpha)"),
    "alpha_share": ("float", "its share of the sum of squares"),
    "gate_weight": ("float", "weight of the channel in the neuron's gate"),
    "up_weight": ("float", "weight of the channel in its up projection"),
    "cosine_to_written": ("float", "cosine of the neuron's column with what the MLP writes"),
    "read_out": ("text", "the direction along which a neuron or a dimension is read"),
    "group": ("text", "what the read-outs are of"),
    "reader": ("text", "what reads"),
    "consistency": ("float", "length of the mean of unit gradients"),
    "effective_rank": ("float", "exp of the entropy of their Gram matrix's eigenvalues"),
    "projection": ("float", "projection of the token's activation on the direction"),
    "component": ("float", "the direction's component at the channel"),
    "cosine": ("float", "cosine of two directions"),
    "other_read_out": ("text", "the direction that it is held against"),
    "signal_rank": ("int", "how many numbers of a row the signal is: its channels, or its directions"),
    "support": ("int", "in how many channels the signal is"),
    "copied": ("bool", "whether each sample has a level of its own, written as it is at token 0"),
    "sparse": ("text", "the fewest channels in which the directions do nearly as well"),
    "stage": ("int", "stage of the sink, from 0"),
    "first_layer": ("int", "first layer of the stage"),
    "last_layer": ("int", "last layer of the stage"),
    "sink_layer": ("int", "layer in which the stage is read"),
    "earlier_stage": ("int", "the stage whose signal is held against this one"),
    "from": ("text", "where an arrow of the chain begins"),
    "to": ("text", "where it ends"),
    "of": ("text", "what is read: share of the way to token 0's level, norm, or attention"),
    "row": ("text", "`first`: token 0's; `later`: the later token's; `later_alone`: its own where it sees only itself"),
    "factor": ("float", "first over later deviation"),
    "deviation": ("float", "square root of the variance summed over dimensions"),
    "norm_of_mean": ("float", "norm of the mean row"),
    # ids
    "id": ("int", "token id"),
    "piece": ("text", "the token's characters"),
    "kind": ("text", "special, CJK, Latin, digit, punctuation, code, whitespace, other"),
    "score": ("float", "mean attention to the id in first place, over layers, heads and samples"),
    "score_mean": ("float", "its mean over ids of the kind"),
    "exact": ("bool", "screen: measured, not predicted"),
    "low": ("float", "screen: lower end of the score's 95 % interval"),
    "high": ("float", "screen: upper end"),
    "paired": ("float", "an id's score against the mean over ids of the same sample"),
    "paired_half_width": ("float", "half width of its 95 % interval, corrected for the number of ids"),
    "end": ("text", "`top` or `bottom`"),
    "count": ("float", "ids; of a screen corrected, so no whole number"),
    "score_from": ("float", "lower edge of the bin"),
    "score_to": ("float", "upper edge"),
    "quantile": ("float", "order of a quantile, 0 to 1"),
    "growth_layer": ("int", "block with the largest growth of the norm"),
    "max_dimension": ("int", "dimension of the largest magnitude"),
    "key_cosine": ("float", "cosine of its key with the mean key"),
    # training
    "step": ("int", "step of training"),
    "training_tokens": ("int", "tokens that were trained on"),
    "train_loss": ("float", "training loss, nats"),
    "held_out_loss": ("float", "held-out loss, nats"),
    "induction": ("float", "attention of the best induction head"),
    "best_head_layer": ("int", "layer of the head with the largest attention to token 0"),
    "best_head_head": ("int", "that head"),
    "best_head_value": ("float", "its attention to token 0"),
    "mlp_norm_first": ("float", "norm of the MLP's output at token 0"),
    "mlp_norm_later": ("float", "over later tokens"),
    "massive_value": ("float", "the activation of largest magnitude after the block"),
    "massive_token": ("int", "its token"),
    "massive_dim": ("int", "its dimension"),
    # compare
    "metric": ("text", "the column that is compared"),
    "this": ("float", "value of this result; its mean over the paired samples"),
    "other": ("float", "value of the other result; its mean over the paired samples"),
}


def lookup(name: str) -> tuple[str, str] | None:
    """Kind and meaning of a column; None where it is not documented."""
    if name in COLUMNS:
        return COLUMNS[name]
    if name.startswith("about_"):
        return ABOUT
    for suffix, (kind, meaning) in SUFFIXES.items():
        if name.endswith(suffix) and (of := lookup(name.removesuffix(suffix))) and of[0] == "float":
            return kind, f"{of[1]}: {meaning}"
    return None


def kind_of(name: str, values: list[Any]) -> str:
    """int, float, bool or text: as documented, or by the values."""
    found = lookup(name)
    if found and found[0]:
        return found[0]
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and kinds:
        return "int" if kinds == {int} else "float"
    return "bool" if kinds == {bool} else "text"
