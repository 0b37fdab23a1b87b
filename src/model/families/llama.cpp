#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "model/families/decoder_fields.h"
#include "model/families/family.h"

namespace sinkscope::model {
namespace {

constexpr double kTheta = 10000;

/// Llama 1, 2, 3, 3.1, 3.2, OpenLLaMA and TinyLlama.
Config read(const Fields& fields) {
  refuse_true(fields, "attention_bias", "a bias in all attention projections");
  refuse_true(fields, "mlp_bias", "a bias in the MLP");
  Config c = read_decoder(fields);
  read_layers(fields, c, /*window=*/0, /*first=*/0);  // layer_types, where it is there, may only say full attention
  // What transformers' class refuses though the forward pass has no use for it: with a head_dim, too.
  if (c.d_model % c.n_heads != 0)
    fields.fail("num_attention_heads", fmt::format("a divisor of hidden_size ({})", c.d_model));
  if (const double range = fields.number("initializer_range"); range < 0 || range > 1)
    fields.fail("initializer_range", "a number from 0 to 1");
  c.d_head = head_width_or_ratio(fields, c);
  c.ropes[0] = read_rope(fields, c);
  return c;
}

nlohmann::ordered_json own(const Config& c) {
  const bool third = c.vocab_size > 100'000;
  return {{"attention_bias", false},
          {"bos_token_id", third ? 128000 : 1},
          {"eos_token_id", third ? 128001 : 2},
          {"head_dim", c.d_head},
          {"mlp_bias", false},
          {"pretraining_tp", 1}};
}

/// What the shapes of 7B and 8B share.
Config common() {
  Config c;
  c.model_type = "llama";
  c.d_model = 4096;
  c.n_layers = 32;
  c.n_heads = 32;
  c.d_head = 128;
  c.rms_norm_eps = 1e-5;
  return c;
}

Config smollm2_135m() {
  Config c = common();
  c.vocab_size = 49152;
  c.d_model = 576;
  c.n_layers = 30;
  c.n_heads = 9;
  c.n_kv_heads = 3;
  c.d_head = 64;
  c.d_mlp = 1536;
  c.max_positions = 8192;
  c.tied = true;
  c.dtype = "bfloat16";
  c.ropes[0].theta = 100000;
  return c;
}

std::vector<NamedShape> shapes() {
  Config second = common(), third = common();
  second.vocab_size = 32000;
  second.n_kv_heads = 32;
  second.d_mlp = 11008;
  second.max_positions = 4096;
  second.dtype = "float16";
  second.ropes[0].theta = kTheta;
  third.vocab_size = 128256;
  third.n_kv_heads = 8;
  third.d_mlp = 14336;
  third.max_positions = 131072;
  third.dtype = "bfloat16";
  third.ropes[0].type = RopeType::llama3;
  third.ropes[0].theta = 500000;
  third.ropes[0].factor = 8;
  third.ropes[0].low_freq_factor = 1;
  third.ropes[0].high_freq_factor = 4;
  third.ropes[0].original_max_positions = 8192;
  return {{"llama-2-7b", second}, {"llama-3.1-8b", third}, {"smollm2-135m", smollm2_135m()}};
}

}  // namespace

Family llama() {
  return {"llama", "LlamaForCausalLM", decoder_tensors, read, own, shapes};
}

}  // namespace sinkscope::model
