#include "model_argument.h"

#include <cstdlib>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet::app {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

constexpr std::size_t kLongestPath = 4096;  // limit of Linux

// "x.gguf" could be the name of a repository, but it never is.
bool looks_like_a_file(const std::string& model) {
  if (model.find(':') != std::string::npos) return false;  // org/name:x.gguf
  const std::string extension = fs::path(model).extension().string();
  return extension == ".gguf" || extension == ".safetensors" || extension == ".bin" || extension == ".json";
}

// A name that is too long for a path may still be reported as no repository.
bool there_as_path(const std::string& model) {
  return model.size() <= kLongestPath && presence(model) != Presence::kAbsent;
}

}  // namespace

fs::path linnet_cache() {
  if (const auto own = environment("LINNET_CACHE"); !own.empty()) return own;
  if (const auto xdg = environment("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "linnet";
  return fs::path(environment("HOME")) / ".cache" / "linnet";
}

fs::path default_model_path() { return linnet_cache() / "models" / "SmolLM2-135M-Instruct.gguf"; }

bool default_model_is_there() {
  try {
    return presence(default_model_path()) != Presence::kAbsent;
  } catch (const Error&) {
    return false;
  }
}

fs::path resolve_model(const std::string& model) {
  if (model.empty()) {
    fs::path path = default_model_path();
    check(presence(path) != Presence::kAbsent, ErrorKind::kBadInput,
          "{}: no model was named and the default one is not there; give -m MODEL, set LINNET_MODEL, or run "
          "script/fetch-models smollm2",
          path.string());
    return path;
  }
  if (there_as_path(model)) return model;
  const auto spec = hub::parse_spec(model);
  check(spec.has_value() && !looks_like_a_file(model), ErrorKind::kBadInput,
        "{}: there is no such file or folder; give a model's folder, a .gguf file or a repository as org/name",
        printable(model));
  return hub::require_cached(hub::settings_from_environment(), *spec);
}

hub::Spec repository_argument(const Command& command, const std::string& text) {
  const auto spec = hub::parse_spec(text);
  if (!spec)
    command.wrong_usage(fmt::format("'{}' is no repository; they are named org/name[@revision]", printable(text, 80)));
  return *spec;
}

fs::path resolve_base(const AdapterFiles& adapter) {
  fs::path beside = adapter.base();
  if (!beside.empty()) return beside;
  const std::string place = adapter.folder().string(), &base = adapter.config().base;
  check(!base.empty(), ErrorKind::kBadInput, "{}: names no base model; give it with --base", place);
  try {
    return resolve_model(base);
  } catch (const Error& error) {
    fail(error.kind(), "{}: its base model {}; or name it with --base", place, error.what());
  }
}

}  // namespace linnet::app
