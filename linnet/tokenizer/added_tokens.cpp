#include "linnet/tokenizer/added_tokens.h"

#include <algorithm>

#include "linnet/tokenizer/char_class.h"

namespace linnet {
namespace {

std::size_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && regex_words().contains(utf8::decode(text.substr(last_character(text))).code);
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && regex_words().contains(utf8::decode(text).code);
}

// Start of the spaces at the end of `text`, at least `least`.
std::size_t before_blanks(std::string_view text, std::size_t least) {
  std::size_t end = text.size();
  while (end > least) {
    const std::size_t at = last_character(text.substr(0, end));
    if (at < least || !white_space().contains(utf8::decode(text.substr(at)).code)) break;
    end = at;
  }
  return end;
}

std::size_t after_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const utf8::Character c = utf8::decode(text.substr(at));
    if (!white_space().contains(c.code)) break;
    at += c.length;
  }
  return at;
}

}  // namespace

void AddedTokens::add(const AddedToken& token, std::int32_t id, const std::string& spelling) {
  if (token.content.empty()) return;
  const auto stage = static_cast<std::size_t>(token.normalized ? Stage::kNormalized : Stage::kRaw);
  const std::string& pattern = token.normalized ? spelling : token.content;
  if (!pattern.empty()) {
    tries_[stage].insert(pattern, id);
    first_bytes_[stage][static_cast<unsigned char>(pattern[0])] = true;
  }
  by_id_[id] = {token, pattern};
  by_content_[token.content] = id;
  if (token.special) special_contents_[token.content] = true;
}

std::vector<AddedTokens::Match> AddedTokens::split(std::string_view text, Stage stage, SpecialText special) const {
  std::vector<Match> out;
  const auto push = [&](std::size_t begin, std::size_t end, std::int32_t id) {
    if (begin < end) out.push_back({{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)}, id});
  };
  const ByteTrie& trie = tries_[static_cast<std::size_t>(stage)];
  const bool* const first = first_bytes_[static_cast<std::size_t>(stage)];
  std::size_t from = 0;  // start of the text that is not in `out` yet
  for (std::size_t at = 0; !trie.empty() && at < text.size();) {
    if (!first[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    std::int32_t id = -1;
    const std::size_t length = trie.longest(text.substr(at), &id);
    if (length == 0) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + length;
    at = end;
    const AddedToken& token = by_id_.at(id).token;
    if (special == SpecialText::kPlain && special_contents_.contains(token.content)) continue;
    if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
    if (token.lstrip) begin = before_blanks(text.substr(0, begin), from);
    if (token.rstrip) end = after_blanks(text, std::max(end, from));  // up to `from` they are known spaces
    begin = std::max(begin, from);
    if (begin >= end) continue;
    push(from, begin, -1);
    push(begin, end, id);
    from = end;
  }
  push(from, text.size(), -1);
  return out;
}

std::int32_t AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(content);
  return found == by_content_.end() ? -1 : found->second;
}

const AddedToken* AddedTokens::token(std::int32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second.token;
}

std::optional<std::string_view> AddedTokens::decoded(std::int32_t id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second.spelling.empty() ? found->second.token.content : found->second.spelling;
}

bool AddedTokens::is_special_text(std::string_view content) const { return special_contents_.contains(content); }

}  // namespace linnet
