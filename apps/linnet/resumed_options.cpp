#include "resumed_options.h"

#include <filesystem>
#include <set>

#include "linnet/base/error.h"

namespace linnet::app {

namespace fs = std::filesystem;

namespace {

// Options of one call of the program, not of the run.
const std::set<std::string> kOfTheCall{"--resume", "--output", "--json", "--quiet", "--verbose", "--help"};
const std::set<std::string> kPaths{"--data", "--model", "--adapter", "--base"};

std::string absolute(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return path;  // org/name
  const fs::path whole = fs::absolute(path, error);
  return error ? path : whole.string();
}

}  // namespace

RecordedOptions options_to_record(const Command& command) {
  RecordedOptions recorded = command.given_values();
  std::erase_if(recorded, [](const auto& option) { return kOfTheCall.contains(option.first); });
  for (auto& [name, values] : recorded)
    if (kPaths.contains(name))
      for (std::string& value : values) value = absolute(value);
  return recorded;
}

std::vector<std::string> resumed_arguments(const Command& command, Arguments given, const RecordedOptions& recorded,
                                           const std::string& file) {
  std::vector<std::string> all(given.begin(), given.end());
  for (const auto& [name, values] : recorded) {
    check(command.has(name) && !kOfTheCall.contains(name), ErrorKind::kBadInput,
          "{}: '{}' is recorded, which is not an option of this program; give the options again", file, name);
    // --max-steps takes precedence: a recorded one would disable a given --epochs.
    const bool replaced = name == "--max-steps" && command.given("--epochs");
    if (command.given(name) || replaced) continue;
    for (const std::string& value : values) {
      if (command.is_flag(name)) {
        all.push_back(name + "=" + value);
      } else {
        all.push_back(name);
        all.push_back(value);
      }
    }
  }
  return all;
}

bool only_resumes(const Command& command) {
  for (const auto& [name, values] : command.given_values())
    if (!kOfTheCall.contains(name)) return false;
  return true;
}

}  // namespace linnet::app
