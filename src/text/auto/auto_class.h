#pragma once

#include <string>

#include "text/auto/folder_files.h"

namespace sinkscope::text {

inline constexpr const char* kTakesFileAsItIs = "TokenizersBackend";

/// The class that transformers' AutoTokenizer makes of a folder, without "Fast": one that builds a pipeline of its own
/// from the vocabulary (GPT2Tokenizer, LlamaTokenizer, ...), or kTakesFileAsItIs.
std::string auto_class(const FolderFiles& files);

}  // namespace sinkscope::text
