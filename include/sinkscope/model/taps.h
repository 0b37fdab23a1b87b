#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sinkscope/model/attention_change.h"
#include "sinkscope/model/config.h"
#include "sinkscope/model/points.h"

namespace sinkscope::model {

enum class RotaryOf { both, query, key };

/// What one run changes and reads. Taps belong to the run, not to the model, and end with it. Edits run first, in
/// the order added; reads then see what the rest of the model sees. A read changes no bit of what follows.
class Taps {
 public:
  using Edit = std::function<at::Tensor(const at::Tensor&)>;
  using Read = std::function<void(const at::Tensor&)>;

  explicit Taps(const Config& config);

  /// Changes a tensor where it is made. `f` returns a new tensor of the same shape and dtype.
  void edit(const Site&, Edit f);

  /// Sees a tensor after all edits.
  void read(const Site&, Read f);

  /// Rotary positions, one a token [T], in the given layers (empty: all). The causal mask never moves with them.
  void positions(std::vector<int64_t> position_of_token, RotaryOf = RotaryOf::both, std::vector<int64_t> layers = {});

  /// Changes which keys the rows of these layers see (empty: all layers); changes of one layer add up.
  void attention(const AttentionChange&, const std::vector<int64_t>& layers);

  /// The post-softmax attention that every query pays to the chosen keys: f gets [n, H, T, keys] in float32.
  /// Entries with key > query are 0 unless that edge was allowed.
  void columns(int64_t layer, std::vector<int64_t> keys, Read f);

  // ---- for the forward pass ----

  struct Column {
    std::vector<int64_t> keys;
    Read f;
  };

  /// Runs the edits and reads of a site.
  at::Tensor operator()(const Site&, at::Tensor x);
  bool edited(const Site&) const;
  bool wanted(const Site&) const;
  /// True where something is wanted at `site` or later; the pass ends where nothing is.
  bool wanted_from(const Site&) const;
  const AttentionChange& attention_of(int64_t layer) const;
  const std::vector<Column>& columns_of(int64_t layer) const;
  /// The rotary positions of a layer's queries or keys; empty: 0, 1, 2, ...
  const std::vector<int64_t>& positions_of(int64_t layer, RotaryOf) const;

  /// Before the pass: everything fits n samples of T tokens, and no edit comes after the last read.
  void check(int64_t T) const;
  /// After the pass: throws std::logic_error that names a tap that never fired.
  void check_fired() const;

 private:
  struct AtSite {
    std::vector<Edit> edits;
    std::vector<Read> reads;
    bool fired = false;
  };

  void check_site(const Site&) const;
  bool columns_from(const Site&) const;
  std::vector<int64_t> layers_or_all(const std::vector<int64_t>&) const;

  Config config_;
  std::map<Site, AtSite, InOrderOfPass> sites_;
  std::vector<AttentionChange> attention_;
  std::vector<std::vector<Column>> columns_;
  std::vector<std::vector<int64_t>> q_positions_, k_positions_;
};

}  // namespace sinkscope::model
