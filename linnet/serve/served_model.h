// A model of the server: what belongs to it, its name, and its engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/serve/api_error.h"
#include "linnet/serve/scheduler.h"
#include "linnet/serve/token_texts.h"

namespace linnet::serve {

struct ServedModel {
  // `model` must outlive it.
  ServedModel(std::string model_name, const Loaded& model, SchedulerOptions options);

  // The exception without paths.
  ApiError error_of(const std::exception_ptr& caught) const;
  // 400 if the model does not continue texts.
  void require_text() const;
  // 400 with context_length_exceeded if there is no room for a new token.
  void check_prompt(std::size_t tokens, const char* param) const;

  const std::string name;
  const Loaded& loaded;
  const TokenTexts token_texts;
  const std::vector<std::string> specials;  // spellings of special tokens
  const std::int64_t created;
  Scheduler scheduler;
};

}  // namespace linnet::serve
