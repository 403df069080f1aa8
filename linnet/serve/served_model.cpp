#include "linnet/serve/served_model.h"

#include <fmt/format.h>

#include <chrono>

#include "linnet/generate/generator.h"
#include "linnet/serve/chat_messages.h"

namespace linnet::serve {

ServedModel::ServedModel(std::string model_name, const Loaded& model, SchedulerOptions options)
    : name(std::move(model_name)),
      loaded(model),
      token_texts(model.tokenizer()),
      specials(special_texts(model.tokenizer())),
      created(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                  .count()),
      scheduler(*model.model, std::move(options)) {}

ApiError ServedModel::error_of(const std::exception_ptr& caught) const {
  return api_error(caught, loaded.files.model.place().string(), name);
}

void ServedModel::require_text() const {
  try {
    generate::require_next_tokens(*loaded.model);
  } catch (...) {
    throw error_of(std::current_exception());
  }
}

void ServedModel::check_prompt(std::size_t tokens, const char* param) const {
  const auto context = static_cast<std::size_t>(loaded.model->context());
  if (context > 0 && tokens >= context)
    throw ApiError(
        400, fmt::format("the prompt has {} tokens, the context of this model is {}; shorten it", tokens, context),
        param, "context_length_exceeded");
}

}  // namespace linnet::serve
