#include "linnet/tokenizer/pattern.h"

#include <oniguruma.h>

#include <algorithm>
#include <mutex>

#include "linnet/base/error.h"
#include "linnet/base/find.h"

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

// Limit of backtracking for one search. Real patterns backtrack a few times per character; a search starts with a small
// limit, so that the budget's clock is checked before a larger one.
constexpr unsigned long kFirstSteps = 1000;
unsigned long most_steps(std::size_t text_size) { return 1'000'000 + 16 * static_cast<unsigned long>(text_size); }

class Search {
 public:
  Search(OnigRegex regex, std::string_view text, TextBudget& budget)
      : regex_(regex), text_(text), budget_(budget), region_(onig_region_new()), parameters_(onig_new_match_param()) {
    onig_initialize_match_param(parameters_);
    onig_set_match_stack_limit_size_of_match_param(parameters_, 1'000'000);
    set_steps(kFirstSteps);
  }
  ~Search() {
    onig_region_free(region_, 1);
    onig_free_match_param(parameters_);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  // Returns the status of the first match from `from` on; begin() and end() have its range.
  int run(std::size_t from) {
    for (;;) {
      const OnigUChar* const end = bytes(text_) + text_.size();
      const int at = onig_search_with_param(regex_, bytes(text_), end, bytes(text_) + from, end, region_,
                                            ONIG_OPTION_NONE, parameters_);
      const bool stopped = at == ONIGERR_RETRY_LIMIT_IN_MATCH_OVER || at == ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER;
      if (!stopped) {
        budget_.searched(text_.size());
        if (steps_ > kFirstSteps) set_steps(kFirstSteps);
        return at;
      }
      const double affordable = budget_.measure();
      const unsigned long most = most_steps(text_.size());
      if (steps_ >= most) return at;
      set_steps(
          std::min(most, static_cast<unsigned long>(static_cast<double>(steps_) * std::min(affordable, 4.0)) + 1));
    }
  }
  std::size_t begin() const { return static_cast<std::size_t>(region_->beg[0]); }
  std::size_t end() const { return static_cast<std::size_t>(region_->end[0]); }

 private:
  void set_steps(unsigned long steps) {
    steps_ = steps;
    onig_set_retry_limit_in_match_of_match_param(parameters_, steps);
    onig_set_retry_limit_in_search_of_match_param(parameters_, steps);
  }
  OnigRegex regex_;
  std::string_view text_;
  TextBudget& budget_;
  OnigRegion* region_;
  OnigMatchParam* parameters_;
  unsigned long steps_ = 0;
};

}  // namespace

std::string regex_error(int code, std::string_view part) {
  // Error codes with a part of the pattern read it from here; without this they read uninitialised stack.
  OnigErrorInfo info{};
  info.enc = ONIG_ENCODING_UTF8;
  info.par = const_cast<OnigUChar*>(bytes(part));
  info.par_end = info.par + part.size();
  OnigUChar buffer[ONIG_MAX_ERROR_MESSAGE_LEN] = {};
  const int length = onig_error_code_to_str(buffer, code, &info);
  return printable(
      std::string_view(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(std::max(length, 0))));
}

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
  if (status != ONIG_NORMAL) {
    const bool named = info.par != nullptr && info.par_end != nullptr && info.par <= info.par_end;
    const std::string_view part = named ? std::string_view(reinterpret_cast<const char*>(info.par),
                                                           static_cast<std::size_t>(info.par_end - info.par))
                                        : std::string_view();
    fail(ErrorKind::kBadInput, "{}: regular expression '{}' cannot be read: {}; correct it, or get the file again",
         place, printable(source), regex_error(status, part));
  }
  p.regex_ = std::shared_ptr<void>(compiled, [](void* r) { onig_free(static_cast<OnigRegex>(r)); });
  return p;
}

std::vector<Span> Pattern::find_all(std::string_view text, TextBudget& budget) const {
  std::vector<Span> out;
  const auto push = [&](std::size_t begin, std::size_t end) {
    out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  };
  if (!regex_) {
    if (source_.empty()) return out;
    for (std::size_t at = 0; (at = find_text(text, source_, at)) != text.npos; at += source_.size())
      push(at, at + source_.size());
    return out;
  }
  Search search(static_cast<OnigRegex>(regex_.get()), text, budget);
  std::size_t from = 0, last_end = SIZE_MAX;
  while (from <= text.size()) {
    const int status = search.run(from);
    if (status == ONIG_MISMATCH) break;
    if (status < 0)
      fail(ErrorKind::kBadInput, "{}: regular expression '{}' on this text: {}; correct it, or get the file again",
           place_, printable(source_), regex_error(status, {}));
    const std::size_t begin = search.begin(), stop = search.end();
    // Skips an empty match at the end of the last one, as Rust's iterators do.
    if (!(begin == stop && begin == last_end)) push(begin, stop);
    last_end = stop;
    from = stop;
    if (begin == stop) from += stop < text.size() ? utf8::decode(text.substr(stop)).length : 1;
  }
  return out;
}

}  // namespace linnet
