// The argument MODEL of every verb: a folder, a .gguf file, or org/name[@revision][:file] in the Hugging Face cache.
#pragma once

#include <filesystem>
#include <string>

#include "command.h"
#include "linnet/adapt/adapter_files.h"
#include "linnet/hub/cache.h"

namespace linnet::app {

// ${LINNET_CACHE:-${XDG_CACHE_HOME:-~/.cache}/linnet}
std::filesystem::path linnet_cache();
// The path of SmolLM2-135M-Instruct from script/fetch-models.
std::filesystem::path default_model_path();
bool default_model_is_there();  // also false if its folder is unreadable

// The path of `model`; "" is the default model; an existing path takes precedence over a repository of the same name.
// If absent: kBadInput with the nearest cached models and how to download this one.
std::filesystem::path resolve_model(const std::string& model);
// The base model of an adapter: a path relative to it or to the working directory, or a cached repository.
std::filesystem::path resolve_base(const AdapterFiles& adapter);

// A repository's name as an argument of a verb; wrong usage if it is invalid.
hub::Spec repository_argument(const Command& command, const std::string& text);

}  // namespace linnet::app
