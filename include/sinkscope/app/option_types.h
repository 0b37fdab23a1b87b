#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace sinkscope::app {

// Type names of options and arguments: what --help shows for a value, what a shell completes it with, and whether `-`
// can stand for it.
inline constexpr char kFile[] = "FILE";            ///< read once, whole: `-` is standard input
inline constexpr char kFileList[] = "FILE,...";    ///< several by commas, one of which may be `-`
inline constexpr char kJsonType[] = "JSON";        ///< JSON text, which a config file holds as it is, or a file of it
inline constexpr char kOutputType[] = "OUT";       ///< a file to write: `-` is standard output
inline constexpr char kModelType[] = "MODEL";      ///< a checkpoint's folder, or an id in the local cache
inline constexpr char kFolderType[] = "FOLDER";    ///< a folder
inline constexpr char kPartType[] = "PART";        ///< a result with files beside it
inline constexpr char kJournalType[] = "JOURNAL";  ///< a journal or a result, read again while it grows
inline constexpr char kSitesType[] = "SITES";      ///< hook points, separated by commas

/// The values that an option takes, for --help and completion; they are checked where they are read, whose error says
/// more.
CLI::Validator one_of(const std::vector<std::string>& names);

/// The same of an option that takes several of them by commas.
CLI::Validator some_of(const std::vector<std::string>& names);

/// Throws InputError where --out is `-`; `why` a file is needed: "a journal is kept beside the result".
void refuse_standard_output(const std::string& out, const std::string& why);

/// To be called when the command's options are parsed. Throws InputError where `-` is given to an option that cannot
/// take it, or standard input to two.
void check_standard_streams(const CLI::App& command);

}  // namespace sinkscope::app
