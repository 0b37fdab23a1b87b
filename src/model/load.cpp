#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <array>
#include <optional>

#include "model/read_ahead.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/model/model.h"

namespace sinkscope::model {
namespace {

/// Copies mapped tensors to a GPU through two pinned buffers in turn, so that reading the file and the transfer
/// overlap.
class PinnedStream {
 public:
  explicit PinnedStream(at::Device device) : device_(device), guard_(device.type()) {
    for (auto& slot : slots_) {
      slot.buffer = at::empty({kBytes}, at::TensorOptions(at::kByte).pinned_memory(true));
      slot.sent.emplace(device.type());
    }
  }

  at::Tensor copy(const at::Tensor& mapped) {
    const auto flat = mapped.contiguous().view(-1).view(at::kByte);
    auto on_device = at::empty(mapped.sizes(), mapped.options().device(device_));
    const auto bytes = on_device.view(-1).view(at::kByte);
    for (int64_t start = 0; start < flat.numel(); start += kBytes) {
      const int64_t length = std::min(kBytes, flat.numel() - start);
      Slot& slot = slots_[next_++ % slots_.size()];
      slot.sent->synchronize();
      slot.buffer.slice(0, 0, length).copy_(flat.slice(0, start, start + length));
      bytes.slice(0, start, start + length).copy_(slot.buffer.slice(0, 0, length), /*non_blocking=*/true);
      slot.sent->record(guard_.getStream(device_));
    }
    return on_device;
  }

 private:
  static constexpr int64_t kBytes = 64 << 20;
  struct Slot {
    at::Tensor buffer;
    std::optional<c10::Event> sent;
  };
  at::Device device_;
  c10::impl::VirtualGuardImpl guard_;
  std::array<Slot, 2> slots_;
  size_t next_ = 0;
};

}  // namespace

Model Model::load(const Checkpoint& checkpoint, at::Device device, at::ScalarType dtype,
                  const std::function<void(double)>& progress) {
  std::optional<PinnedStream> stream;
  if (!device.is_cpu()) stream.emplace(device);
  const auto specs = tensor_specs(checkpoint.config());
  std::map<WeightSite, std::string> names;
  Weights mapped;
  std::vector<std::string> read;  // all for a GPU; a CPU takes the products' matrices, the rest is read as mapped
  for (const auto& spec : specs) {
    names[spec.site] = spec.name;
    mapped[spec.site] = checkpoint.tensor(spec.name);
    if (stream || spec.is_product()) read.push_back(spec.name);
  }
  ReadAhead ahead(checkpoint, read);
  size_t done = 0;
  const auto advance = [&] {
    ahead.advance();
    if (progress) progress(static_cast<double>(++done) / static_cast<double>(read.size()));
  };
  Loading loading;
  if (stream) {
    loading.place = [&](const at::Tensor& weight) {
      auto placed = stream->copy(weight).to(activation_dtype(dtype));
      advance();
      return placed;
    };
  }
  loading.taken = [&](const WeightSite& site) {
    checkpoint.drop_pages(names.at(site));
    if (!stream) advance();
  };
  return Model(checkpoint.config(), std::move(mapped), dtype, loading);
}

}  // namespace sinkscope::model
