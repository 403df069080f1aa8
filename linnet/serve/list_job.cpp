#include "linnet/serve/list_job.h"

#include <fmt/format.h>

#include "linnet/base/error.h"

namespace linnet::serve {

std::vector<std::string> read_inputs(Fields& fields, const char* name) {
  fields.required(name);
  auto texts = fields.texts(name, kMostTexts);
  if (texts.empty()) fields.wrong(name, "is an empty list");
  return texts;
}

void with_place(const char* name, std::size_t index, std::size_t count, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (count == 1) throw;
    throw Error(error.kind(), format_printable("{}[{}]: {}", name, index, error.what()), error.option());
  }
}

Json numbers_json(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(std::stod(fmt::format("{}", value)));
  return list;
}

Json input_usage(std::int64_t tokens) { return {{"prompt_tokens", tokens}, {"total_tokens", tokens}}; }

}  // namespace linnet::serve
