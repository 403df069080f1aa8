#include "linnet/tokenizer/pattern.h"

#include <oniguruma.h>

#include <mutex>

#include "linnet/base/error.h"

namespace linnet {
namespace {

const OnigUChar* bytes(std::string_view text) { return reinterpret_cast<const OnigUChar*>(text.data()); }

void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
  });
}

// One search may go back this often; patterns that fit texts in practice do so a few times a character.
unsigned long step_budget(std::size_t text_size) { return 1'000'000 + 16 * static_cast<unsigned long>(text_size); }

std::string onig_message(int code) {
  OnigUChar buffer[ONIG_MAX_ERROR_MESSAGE_LEN];
  const int length = onig_error_code_to_str(buffer, code);
  return printable(std::string_view(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(length)));
}

}  // namespace

Pattern Pattern::literal(std::string text) {
  Pattern p;
  p.source_ = std::move(text);
  return p;
}

Pattern Pattern::regex(const std::string& source, std::string_view place) {
  initialize();
  Pattern p;
  p.source_ = source;
  p.place_ = place;
  OnigRegex compiled = nullptr;
  OnigErrorInfo info{};
  const int status = onig_new(&compiled, bytes(source), bytes(source) + source.size(), ONIG_OPTION_NONE,
                              ONIG_ENCODING_UTF8, ONIG_SYNTAX_DEFAULT, &info);
  check(status == ONIG_NORMAL, ErrorKind::kBadInput, "{}: regular expression '{}' cannot be read: {}", place,
        printable(source), status == ONIG_NORMAL ? "" : onig_message(status));
  p.regex_ = std::shared_ptr<void>(compiled, [](void* r) { onig_free(static_cast<OnigRegex>(r)); });
  return p;
}

std::vector<Span> Pattern::find_all(std::string_view text) const {
  std::vector<Span> out;
  const auto push = [&](std::size_t begin, std::size_t end) {
    out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  };
  if (!regex_) {
    if (source_.empty()) return out;
    for (std::size_t at = 0; (at = text.find(source_, at)) != text.npos; at += source_.size())
      push(at, at + source_.size());
    return out;
  }
  OnigMatchParam* parameters = onig_new_match_param();
  const std::unique_ptr<OnigMatchParam, void (*)(OnigMatchParam*)> free_parameters(parameters, onig_free_match_param);
  onig_initialize_match_param(parameters);
  onig_set_retry_limit_in_match_of_match_param(parameters, step_budget(text.size()));
  onig_set_retry_limit_in_search_of_match_param(parameters, step_budget(text.size()));
  onig_set_match_stack_limit_size_of_match_param(parameters, 1'000'000);
  const std::unique_ptr<OnigRegion, void (*)(OnigRegion*)> region(onig_region_new(),
                                                                  [](OnigRegion* r) { onig_region_free(r, 1); });
  const OnigUChar* const end = bytes(text) + text.size();
  std::size_t from = 0, last_end = SIZE_MAX;
  while (from <= text.size()) {
    const int at = onig_search_with_param(static_cast<OnigRegex>(regex_.get()), bytes(text), end, bytes(text) + from,
                                          end, region.get(), ONIG_OPTION_NONE, parameters);
    if (at == ONIG_MISMATCH) break;
    check(at >= 0, ErrorKind::kBadInput, "{}: regular expression '{}' on this text: {}", place_, printable(source_),
          at >= 0 ? "" : onig_message(at));
    const auto begin = static_cast<std::size_t>(region->beg[0]), stop = static_cast<std::size_t>(region->end[0]);
    // An empty match where the last one ended is passed over, as Rust's iterators do.
    if (!(begin == stop && begin == last_end)) push(begin, stop);
    last_end = stop;
    from = stop;
    if (begin == stop) from += stop < text.size() ? utf8::decode(text.substr(stop)).length : 1;
  }
  return out;
}

}  // namespace linnet
