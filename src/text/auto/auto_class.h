#pragma once

#include <string>

#include "text/auto/folder_files.h"

namespace sinkscope::text {

/// The class that transformers' AutoTokenizer makes of a folder, without "Fast": one that builds a pipeline of its own
/// from the vocabulary (GPT2Tokenizer, LlamaTokenizer, ...), or "TokenizersBackend", which takes tokenizer.json as it
/// is.
std::string auto_class(const FolderFiles& files);

}  // namespace sinkscope::text
