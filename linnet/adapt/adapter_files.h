// The files of an adapter's folder. Each is opened and parsed at first use, once.
//
//   const AdapterFiles files("my-adapter");
//   files.config().kind, files.tensors(), files.base()
#pragma once

#include <concepts>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "linnet/adapt/peft_config.h"
#include "linnet/base/once.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/model_files.h"

namespace linnet {

// Tensors of an adapter file by name without PEFT's "base_model.model." (or "base_model.") and
// "modules_to_save.default."; ".base_layer" of a module with a LoRA stays.
using PeftTensors = std::map<std::string, Tensor>;

// Copies share what was read. Errors are kBadInput naming the file.
class AdapterFiles {
 public:
  // A path is its files.
  template <std::convertible_to<std::filesystem::path> Path>
  AdapterFiles(const Path& folder) : folder_(folder), companions_(folder_) {}  // NOLINT(google-explicit-constructor)

  const std::filesystem::path& folder() const { return folder_; }
  const PeftConfig& config() const;
  const CheckpointReader& checkpoint() const;
  PeftTensors tensors() const;  // they share the mapping of the file
  // Path of the base: base_model_name_or_path relative to the folder, then to the working directory; empty if neither
  // exists (it may be a repository's name).
  std::filesystem::path base() const;
  // What it may have of a model: a tokenizer, the config.json of a classifier, the modules of a sentence-transformers
  // folder.
  const models::ModelFiles& companions() const { return companions_; }

 private:
  std::filesystem::path folder_;
  models::ModelFiles companions_;
  Once<PeftConfig> config_;
  Once<std::shared_ptr<const CheckpointReader>> checkpoint_;
};

}  // namespace linnet
