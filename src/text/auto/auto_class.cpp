#include "text/auto/auto_class.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

namespace sinkscope::text {
namespace {

using nlohmann::json;

/// The class that transformers 5.17 registers for a model's type, of the decoders among them.
std::string registered_class(const std::string& model_type) {
  static const std::map<std::string, const char*> classes = [] {
    std::map<std::string, const char*> found;
    const auto put = [&](const char* name, std::initializer_list<const char*> types) {
      for (const auto* type : types) found[type] = name;
    };
    put("Qwen2Tokenizer",
        {"qwen2", "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen3", "qwen3_moe", "qwen3_next", "qwen3_vl"});
    put("Qwen3_5Tokenizer", {"qwen3_5", "qwen3_5_text", "qwen3_5_moe"});
    put("GemmaTokenizer", {"gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "zaya"});
    put("GPT2Tokenizer", {"gpt2", "gpt_neo", "gptj", "opt", "phi", "starcoder2", "codegen", "dbrx"});
    put("GPTNeoXTokenizer", {"gpt_neox", "olmo", "olmoe", "mpt", "xlstm"});
    put("CohereTokenizer", {"cohere", "cohere2"});
    put("CodeLlamaTokenizer", {"code_llama"});
    put(kTakesFileAsItIs, {"arctic",
                           "deepseek_v2",
                           "deepseek_v3",
                           "ernie4_5",
                           "ernie4_5_moe",
                           "glm",
                           "glm4",
                           "glm4_moe",
                           "gpt_bigcode",
                           "granite",
                           "granitemoe",
                           "granitemoehybrid",
                           "granitemoeshared",
                           "hyperclovax",
                           "internlm2",
                           "jamba",
                           "minicpm3",
                           "minimax_m2",
                           "ministral",
                           "ministral3",
                           "mistral",
                           "mistral3",
                           "mixtral",
                           "modernbert",
                           "nemotron",
                           "olmo2",
                           "olmo3",
                           "olmo_hybrid",
                           "phi3",
                           "phimoe",
                           "pixtral",
                           "stablelm",
                           "step3p5"});
    return found;
  }();
  const auto entry = classes.find(model_type);
  return entry == classes.end() ? "" : entry->second;
}

/// Types whose published files name a wrong class; of those that have a class of their own.
bool names_wrong_class(const std::string& model_type) {
  return model_type == "qwen2";
}

std::string text_of(const json& object, const char* key) {
  const auto value = object.find(key);
  return value != object.end() && value->is_string() ? value->get<std::string>() : "";
}

std::string without_fast(std::string name) {
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

/// Classes of transformers 5.17 that do not take tokenizer.json as it is; all others do, known or not.
bool is_own_class(const std::string& name) {
  static constexpr std::string_view kOwn[] = {"AlbertTokenizer",
                                              "BarthezTokenizer",
                                              "BertTokenizer",
                                              "BigBirdTokenizer",
                                              "BlenderbotTokenizer",
                                              "CLIPTokenizer",
                                              "CamembertTokenizer",
                                              "CodeGenTokenizer",
                                              "CodeLlamaTokenizer",
                                              "CohereTokenizer",
                                              "DebertaTokenizer",
                                              "DebertaV2Tokenizer",
                                              "DistilBertTokenizer",
                                              "EsmcTokenizer",
                                              "FunnelTokenizer",
                                              "GPT2Tokenizer",
                                              "GPTNeoXTokenizer",
                                              "GemmaTokenizer",
                                              "HerbertTokenizer",
                                              "LasrTokenizer",
                                              "LayoutLMv2Tokenizer",
                                              "LayoutLMv3Tokenizer",
                                              "LayoutXLMTokenizer",
                                              "LlamaTokenizer",
                                              "LukeTokenizer",
                                              "MBart50Tokenizer",
                                              "MBartTokenizer",
                                              "MLukeTokenizer",
                                              "MPNetTokenizer",
                                              "MarkupLMTokenizer",
                                              "NllbTokenizer",
                                              "NougatTokenizer",
                                              "OpenAIGPTTokenizer",
                                              "PegasusTokenizer",
                                              "Qwen2Tokenizer",
                                              "Qwen3_5Tokenizer",
                                              "ReformerTokenizer",
                                              "RemBertTokenizer",
                                              "RoFormerTokenizer",
                                              "RobertaTokenizer",
                                              "SeamlessM4TTokenizer",
                                              "Siglip2Tokenizer",
                                              "SplinterTokenizer",
                                              "T5Tokenizer",
                                              "Tipsv2Tokenizer",
                                              "UdopTokenizer",
                                              "VideoPrismTokenizer",
                                              "WhisperTokenizer",
                                              "XGLMTokenizer",
                                              "XLMRobertaTokenizer",
                                              "XLNetTokenizer",
                                              "BartphoTokenizer",
                                              "BertGenerationTokenizer",
                                              "BertJapaneseTokenizer",
                                              "BertweetTokenizer",
                                              "BioGptTokenizer",
                                              "BlenderbotSmallTokenizer",
                                              "ByT5Tokenizer",
                                              "CTRLTokenizer",
                                              "CanineTokenizer",
                                              "CpmAntTokenizer",
                                              "CpmTokenizer",
                                              "EsmTokenizer",
                                              "FSMTTokenizer",
                                              "FlaubertTokenizer",
                                              "GPTNeoXJapaneseTokenizer",
                                              "GPTSw3Tokenizer",
                                              "M2M100Tokenizer",
                                              "MarianTokenizer",
                                              "MyT5Tokenizer",
                                              "PLBartTokenizer",
                                              "PerceiverTokenizer",
                                              "PhobertTokenizer",
                                              "ProphetNetTokenizer",
                                              "RoCBertTokenizer",
                                              "SiglipTokenizer",
                                              "Speech2TextTokenizer",
                                              "SpeechT5Tokenizer",
                                              "TapasTokenizer",
                                              "XLMTokenizer"};
  return std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn);
}

}  // namespace

std::string auto_class(const FolderFiles& files) {
  const auto model_type = text_of(files.config, "model_type");
  const auto registered = registered_class(model_type);
  auto named = without_fast(text_of(files.tokenizer_config, "tokenizer_class"));
  if (named.empty()) named = without_fast(text_of(files.config, "tokenizer_class"));
  if (named.empty()) return registered.empty() ? kTakesFileAsItIs : registered;
  if (!registered.empty() && registered != named) {
    if (registered == kTakesFileAsItIs) return kTakesFileAsItIs;
    if (names_wrong_class(model_type)) return registered;
  }
  return is_own_class(named) ? named : kTakesFileAsItIs;
}

}  // namespace sinkscope::text
