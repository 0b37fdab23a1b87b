// report, plot, summary and get-model: commands of the Python package, whose `sinkscope` takes them before this program
// is started (python/sinkscope/program.py). Here they are for --help, completion and the manual page; the program by
// itself says where they are.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"

namespace sinkscope::commands {
namespace {

/// One whose options `describe` names; they are Python's to read.
Command of_python(const std::string& name, const std::string& summary, const char* group, void (*describe)(CLI::App&)) {
  return {name, summary,
          [=](CLI::App& app) {
            app.allow_extras();  // what one experiment's figure has
            describe(app);
            app.callback([name] {
              throw InputError(fmt::format(
                  "{0} is the Python package's: .venv/bin/sinkscope {0} in a clone, sinkscope {0} where the "
                  "wheel is installed, python -m sinkscope.program {0} anywhere",
                  name));
            });
          },
          group};
}

}  // namespace

Command report() {
  return of_python("report", "one HTML page of results, to look at without a network", kResults, [](CLI::App& app) {
    app.add_option("RESULT", "results, and exports of activations --columns")->type_name(app::kFile)->expected(1, -1);
    app.add_option("-o,--output", "page to write: .html")->type_name(app::kOutputType);
  });
}

Command plot() {
  return of_python("plot", "the figure of a result, for a screen or a paper", kResults, [](CLI::App& app) {
    app.add_option("RESULT", "result to draw; with --help after it the options of its experiment")
        ->type_name(app::kFile);
    app.add_option("-o,--output", "figure to write: .png, .pdf or .svg")->type_name(app::kOutputType);
    app.add_option("--width", "of the page that it is for: column, text, page, or inches")->type_name("WIDTH");
    app.add_option("--panel", "these panels alone, separated by commas")->type_name("PANEL,...");
    app.add_flag("--bare")->description("leave out title and note, and print them");
    app.add_flag("--all")->description("write the experiment's other figures too");
  });
}

Command summary() {
  return of_python("summary", "the findings of a folder of results, on a page", kResults, [](CLI::App& app) {
    app.add_option("FOLDER", "results, each named by its experiment")->type_name(app::kFolderType);
  });
}

Command get_model() {
  return of_python("get-model", "fetch a real pretrained model into a folder of its own", kModel, [](CLI::App& app) {
    app.add_option("NAME", "model to fetch")
        ->check(app::one_of({"smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"}));
    app.add_option("--out", "folder to make")->type_name(app::kFolderType);
  });
}

}  // namespace sinkscope::commands
