#include "linnet/models/family.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace linnet::models {
namespace families {
#define LINNET_FAMILY(name) extern const Family name;
#include "linnet_families.inc"
#undef LINNET_FAMILY
}  // namespace families

namespace {

// If `name` is `pattern` or below it: the layer number (or -1) and the rest.
struct Match {
  int layer;
  std::string_view rest;
};

std::optional<Match> match(std::string_view pattern, std::string_view name) {
  int layer = -1;
  while (!pattern.empty()) {
    if (pattern.starts_with("{}")) {
      std::size_t digits = 0;
      for (layer = 0; digits < name.size() && digits < 6 && std::isdigit(static_cast<unsigned char>(name[digits]));
           ++digits)
        layer = 10 * layer + (name[digits] - '0');
      if (digits == 0) return std::nullopt;
      pattern.remove_prefix(2);
      name.remove_prefix(digits);
    } else {
      if (name.empty() || pattern.front() != name.front()) return std::nullopt;
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    }
  }
  if (!name.empty() && name.front() != '.') return std::nullopt;
  return Match{layer, name};
}

std::string expand(std::string_view pattern, const Match& m) {
  std::string out(pattern);
  if (const auto at = out.find("{}"); at != std::string::npos) out.replace(at, 2, std::to_string(m.layer));
  return out.append(m.rest);
}

bool below_any(std::span<const std::string_view> patterns, std::string_view name) {
  for (const auto pattern : patterns)
    if (match(pattern, name)) return true;
  return false;
}

// TensorFlow-era names of a norm's parameters.
std::string_view modern_suffix(std::string_view rest) {
  if (rest == ".gamma") return ".weight";
  if (rest == ".beta") return ".bias";
  return rest;
}

// Possible prefixes of the stack's names, the usual one first.
std::vector<std::string_view> prefixes(const Family& family) {
  std::vector<std::string_view> all{family.prefix};
  for (const ArchitectureName& a : family.architectures)
    if (!a.prefix.empty()) all.push_back(a.prefix);
  return all;
}

std::string_view prefix_of(const Family& family, HeadKind head) {
  for (const ArchitectureName& a : family.architectures)
    if (a.head == head && !a.prefix.empty()) return a.prefix;
  return family.prefix;
}

}  // namespace

std::string to_ours(const Family& family, std::string_view theirs, std::string_view place) {
  const std::string_view whole = theirs;
  for (const std::string_view prefix : prefixes(family)) {
    if (prefix.empty() || !theirs.starts_with(prefix)) continue;
    theirs.remove_prefix(prefix.size());
    break;
  }
  if (below_any(family.ignored, theirs)) return {};
  for (const NamePair& pair : family.names)
    if (const auto m = match(pair.theirs, theirs)) return expand(pair.ours, {m->layer, modern_suffix(m->rest)});
  fail(ErrorKind::kBadInput, "{}: tensor '{}' belongs to no parameter of a {} model; the file is of another model",
       place, printable(whole), family.model_type);
}

std::string to_theirs(const Family& family, std::string_view ours, const TransformerConfig& config) {
  const HeadKind head = config.head;
  for (const NamePair& pair : family.names) {
    const bool gated = pair.use == NamePair::Use::kGated && config.ffn_kind == FeedForwardKind::kGated;
    if (pair.use != NamePair::Use::kBoth && !gated) continue;
    if (const auto m = match(pair.ours, ours)) {
      std::string theirs = expand(pair.theirs, *m);
      const bool bare = head == HeadKind::kNone || below_any(family.unprefixed, theirs);
      return bare ? theirs : std::string(prefix_of(family, head)) + theirs;
    }
  }
  fail(ErrorKind::kInvalidArgument, "[{}] no checkpoint name for parameter '{}'", family.model_type, ours);
}

std::vector<std::string> spellings(const Family& family, std::string_view ours, Gated gated) {
  std::vector<std::string> found;
  const auto add = [&](const std::string& name) {
    found.push_back(name);
    for (const std::string_view prefix : prefixes(family)) found.push_back(std::string(prefix) + name);
  };
  for (const auto use :
       {NamePair::Use::kReadFirst, NamePair::Use::kBoth, NamePair::Use::kGated, NamePair::Use::kReadOnly}) {
    if (use == NamePair::Use::kGated && gated == Gated::kNo) continue;
    for (const NamePair& pair : family.names) {
      const auto m = pair.use == use ? match(pair.ours, ours) : std::nullopt;
      if (!m) continue;
      add(expand(pair.theirs, *m));
      if (m->rest == ".weight") add(expand(pair.theirs, {m->layer, ".gamma"}));
      if (m->rest == ".bias") add(expand(pair.theirs, {m->layer, ".beta"}));
    }
  }
  return found;
}

std::string to_gguf(const Family& family, std::string_view ours) {
  for (const NamePair& pair : family.names) {
    const auto m = pair.use == NamePair::Use::kBoth ? match(pair.ours, ours) : std::nullopt;
    if (m) return pair.gguf.empty() ? std::string() : expand(pair.gguf, *m);
  }
  return {};
}

bool has_gguf(const Family& family) {
  return std::ranges::any_of(family.names, [](const NamePair& pair) { return !pair.gguf.empty(); });
}

std::span<const Family* const> all_families() {
  static constexpr const Family* kAll[] = {
#define LINNET_FAMILY(name) &families::name,
#include "linnet_families.inc"
#undef LINNET_FAMILY
  };
  return kAll;
}

const Family* find_family(std::string_view model_type) {
  for (const Family* family : all_families())
    if (family->model_type == model_type) return family;
  return nullptr;
}

const Family* find_gguf_family(std::string_view architecture) {
  if (const Family* family = find_family(architecture)) return family;
  for (const Family* family : all_families())
    if (!architecture.empty() && family->gguf_architecture == architecture) return family;
  return nullptr;
}

const ArchitectureName* architecture_of(const Family& family, HeadKind head, bool encoder_alone) {
  const ArchitectureName* found = nullptr;
  for (const ArchitectureName& a : family.architectures)
    if (a.head == head &&
        (found == nullptr || (a.encoder_alone == encoder_alone && found->encoder_alone != encoder_alone)))
      found = &a;
  return found;
}

}  // namespace linnet::models
