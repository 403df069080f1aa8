// MODEL, as every verb takes it: a folder, a .gguf file, or org/name[@revision] in the Hugging Face cache.
#pragma once

#include <filesystem>
#include <string>

namespace linnet::app {

// ${LINNET_CACHE:-${XDG_CACHE_HOME:-~/.cache}/linnet}
std::filesystem::path linnet_cache();
// Where script/fetch-models puts SmolLM2-135M-Instruct.
std::filesystem::path default_model_path();

// The folder or file that `model` names; "" is the default model. Nothing there: kBadInput that says how to get one.
std::filesystem::path resolve_model(const std::string& model);
// The base model that an adapter folder names: a path beside it, from the working directory, or a cached repository.
std::filesystem::path resolve_base(const std::filesystem::path& adapter);

}  // namespace linnet::app
