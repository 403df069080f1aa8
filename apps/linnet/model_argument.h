// MODEL, as every verb takes it: a folder, a .gguf file, or org/name[@revision][:file] in the Hugging Face cache.
#pragma once

#include <filesystem>
#include <string>

#include "command.h"
#include "linnet/hub/cache.h"

namespace linnet::app {

// ${LINNET_CACHE:-${XDG_CACHE_HOME:-~/.cache}/linnet}
std::filesystem::path linnet_cache();
// Where script/fetch-models puts SmolLM2-135M-Instruct.
std::filesystem::path default_model_path();
bool default_model_is_there();  // false also where its folder cannot be read

// The folder or file that `model` names; "" is the default model, and what is there goes before a repository of the
// same name. Nothing there: kBadInput that names the nearest cached models and says how to get this one.
std::filesystem::path resolve_model(const std::string& model);
// The base model that an adapter folder names: a path beside it, from the working directory, or a cached repository.
std::filesystem::path resolve_base(const std::filesystem::path& adapter);

// A repository's name as an argument of a verb; wrong usage where the text cannot be one.
hub::Spec repository_argument(const Command& command, const std::string& text);

}  // namespace linnet::app
