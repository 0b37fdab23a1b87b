#include "experiments/identify/writers.h"

#include <ATen/ATen.h>

#include <map>
#include <vector>

#include "experiments/identify/largest.h"
#include "sinkscope/trials/search/site_trace.h"

namespace sinkscope::experiments::identification {
namespace {

using model::Point;

/// Sum over samples of (token 0 less the mean of tokens 1 to 8), of what is added as [n, 9, C].
struct Sum {
  at::Tensor of = {};
  void add(const at::Tensor& rows) {
    const auto more = (rows.select(1, 0) - rows.slice(1, 1).mean(1)).to(at::kDouble).sum(0).to(at::kCPU);
    of = of.defined() ? of + more : more;
  }
};

/// A block's output projection as a direction sees it.
struct Projection {
  at::Tensor along;   ///< [in] float32: W^T (gain u)
  at::Tensor weight;  ///< [D, in] float32, where a norm comes after it
  const model::Norm* norm = nullptr;

  Projection(const at::Tensor& given, const model::Norm& after, const at::Tensor& u) {
    const auto w = given.to(at::kFloat);
    const auto direction = u.to(w.device());
    along = at::matmul(direction * after.gain_of(direction), w);
    if (!after.there()) return;
    weight = w;
    norm = &after;
  }

  /// z [n, 9, in] float32 to each input's share of the coordinate, likewise.
  at::Tensor operator()(const at::Tensor& z) const {
    const auto shares = z * along;
    return norm ? shares / norm->scale(at::matmul(z, weight.t())) : shares;
  }
};

class Pass {
 public:
  Pass(trials::Runner& r, const model::Site& site, const at::Tensor& u) : r_(r), site_(site), u_(u) {
    const int64_t mlps = site.point == Point::resid_post ? site.layer + 1 : site.layer;
    for (int64_t l = 0; l <= site.layer; ++l) {
      const auto& block = r.run().model().block(l);
      attention_.emplace_back(block.attn.o.weight(), block.ln1_post, u);
      if (l < mlps) mlp_.emplace_back(block.mlp.down_weight(), block.ln2_post, u);
    }
    heads_.resize(attention_.size());
    neurons_.resize(mlp_.size());
  }

  void run() {
    const auto chosen = at::zeros({r_.run().all_ids().size(0)}, at::kBool).index_fill_(0, r_.choosing(), true);
    for (const auto& batch : r_.run().batches()) {
      rows_ = chosen.slice(0, batch.first, batch.first + batch.n).nonzero().flatten();
      if (rows_.numel() == 0) continue;
      model::Taps taps(r_.run().config());
      attach(taps);
      r_.run().forward(batch, taps);
    }
  }

  Writers writers() const {
    const auto n = static_cast<double>(r_.choosing().numel());
    Writers found{.total = total_.of.item<double>() / n,
                  .embedding = embedding_.of.item<double>() / n,
                  .heads = stacked(heads_, r_.run().config().n_heads) / n,
                  .neurons = stacked(neurons_, r_.run().config().d_mlp) / n};
    return found;
  }

 private:
  static at::Tensor stacked(const std::vector<Sum>& layers, int64_t width) {
    std::vector<at::Tensor> rows;
    for (const auto& layer : layers) rows.push_back(layer.of);
    return rows.empty() ? at::zeros({0, width}, at::kDouble) : at::stack(rows);
  }

  /// Tokens 0 to 8 of the samples that choose: [n, 9, ..] float32.
  at::Tensor traced(const at::Tensor& x) const {
    return x.slice(1, 0, trials::search::kLastTraced + 1).index_select(0, rows_.to(x.device())).to(at::kFloat);
  }

  void read_coordinate(model::Taps& taps, const model::Site& site, Sum& into) {
    taps.read(site, [&](const at::Tensor& x) { into.add(at::matmul(traced(x), u_.to(x.device()).unsqueeze(1))); });
  }

  void attach(model::Taps& taps) {
    read_coordinate(taps, {Point::resid_pre, 0}, embedding_);
    read_coordinate(taps, site_, total_);
    for (size_t l = 0; l < attention_.size(); ++l) {
      taps.read({Point::z, static_cast<int64_t>(l)}, [this, l](const at::Tensor& z) {
        const auto rows = traced(z);  // [n, 9, H, h]
        heads_[l].add(attention_[l](rows.flatten(2)).view(rows.sizes()).sum(-1));
      });
    }
    for (size_t l = 0; l < mlp_.size(); ++l) {
      taps.read({Point::mlp_post, static_cast<int64_t>(l)},
                [this, l](const at::Tensor& z) { neurons_[l].add(mlp_[l](traced(z))); });
    }
  }

  trials::Runner& r_;
  model::Site site_;
  at::Tensor u_, rows_;
  std::vector<Projection> attention_, mlp_;
  Sum total_, embedding_;
  std::vector<Sum> heads_, neurons_;
};

}  // namespace

Writers find_writers(trials::Runner& r, const model::Site& site, const at::Tensor& direction) {
  Pass pass(r, site, direction);
  pass.run();
  return pass.writers();
}

nlohmann::json to_json(const Writers& w, int64_t most) {
  return {{"total", w.total},
          {"embedding", w.embedding},
          {"attention", w.heads.sum().item<double>()},
          {"mlp", w.neurons.sum().item<double>()},
          {"heads", largest(w.heads, most, 0, {"head", "contribution"})},
          {"neurons", largest(w.neurons, most, 0, {"neuron", "contribution"})}};
}

}  // namespace sinkscope::experiments::identification
