// linnet: runs, prompts, trains and serves pretrained transformer language models.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include "help_page.h"
#include "interrupt.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "model_argument.h"
#include "option_table.h"
#include "output.h"
#include "thread_waits.h"
#include "verbs.h"

namespace linnet::app {
namespace {

std::string usage() {
  const std::size_t columns = help_columns();
  std::string text =
      wrapped("linnet runs, prompts, fine-tunes and judges pretrained language models, from the files they come in.",
              columns) +
      "\nUsage: linnet VERB [OPTIONS]\n";
  std::string_view group;
  for (const Verb& verb : verbs()) {
    if (verb.group.empty()) continue;
    if (verb.group != group) {
      group = verb.group;
      text += format_printable("\n{}:\n", group);
    }
    text += wrapped_entry(std::string(verb.name), verb.purpose, 14, columns);
  }
  text += "\nExamples:\n";
  for (const char* line :
       {"linnet classify --labels positive,negative --template review-sentiment 'I love the sunny weather today.'",
        "linnet run 'The capital of France is' -n 20"})
    text += wrapped_example(line, columns);
  return text + "\n" +
         wrapped("`linnet VERB --help` shows a verb's options; `linnet --version` the version and the default model.",
                 columns);
}

std::string version() {
  return format_printable("linnet {}\ndefault model: {} ({})\n", LINNET_VERSION, default_model_path().string(),
                          default_model_is_there() ? "there" : "not there; script/fetch-models smollm2 gets it");
}

void run_verb(std::string_view name, Arguments arguments) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) {
    if (verb.name == name) return verb.run(arguments);
    if (!verb.group.empty()) names.emplace_back(verb.name);
  }
  auto near = nearest_clause(name, names, verb_meanings());
  if (near.empty()) near = format_printable("; there are: {}", fmt::join(names, ", "));
  print_error(format_printable("there is no verb '{}'{}; see linnet --help", printable(name, 40), near));
  throw Exit{2};
}

void dispatch(Arguments arguments) {
  if (arguments.empty()) {
    print_note(Printable::trusted(usage()));
    throw Exit{2};
  }
  const std::string_view first = arguments[0];
  if (first == "--version" || first == "-V" || first == "version") return print_result(version());
  if (first == "help" && arguments.size() > 1) {
    const char* const help = "--help";
    return run_verb(arguments[1], Arguments(&help, 1));
  }
  if (first == "--help" || first == "-h" || first == "help") return print_result(usage());
  run_verb(first, arguments.subspan(1));
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return 2;
    case ErrorKind::kBadInput:
      return 3;
    case ErrorKind::kInterrupted:
      return 130;
    case ErrorKind::kRuntime:
      break;
  }
  return 1;
}

constexpr char kOutOfMemory[] = "out of memory; a smaller model, --dtype q8 or fewer texts at once need less";

// Called if memory is exhausted inside a destructor or a noexcept function, where no exception can be caught.
[[noreturn]] void end_badly() {
  try {
    if (const auto caught = std::current_exception()) std::rethrow_exception(caught);
    if (std::uncaught_exceptions() == 0) std::abort();
  } catch (const std::bad_alloc&) {
  } catch (...) {
    std::abort();
  }
  std::fprintf(stderr, "linnet: error: %s\n", kOutOfMemory);
  remove_unfinished();
  std::_Exit(1);
}

int guarded_main(Arguments arguments) {
  try {
    const SignalThread signals;
    dispatch(arguments);
    return 0;
  } catch (const Exit& exit) {
    return exit.code;
  } catch (const Error& error) {
    print_error(printable(error.what(), SIZE_MAX));
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    print_error(kOutOfMemory);
  } catch (const std::exception& error) {
    // Errors of files and options are of class Error with a place; other exceptions should not get here.
    print_error(
        format_printable("internal error: {}; please report it with the command line and, if possible, the files",
                         printable(error.what(), 400)));
  }
  return 1;
}

}  // namespace
}  // namespace linnet::app

int main(int argc, char** argv) {
  linnet::app::block_signals();
  linnet::app::shorten_thread_waits(argv);
  std::set_terminate(linnet::app::end_badly);
  linnet::set_option_spelling(linnet::app::flag_of);
  return linnet::app::guarded_main({argv + (argc > 0 ? 1 : 0), static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)});
}
