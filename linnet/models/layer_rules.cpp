// Rules of fields that differ between the layers of a model: windows of attention.
#include <algorithm>

#include "linnet/models/config_rules.h"

namespace linnet::models::rules {

using nn::TransformerConfig;

namespace {

constexpr std::string_view kFull = "full_attention", kSliding = "sliding_attention";

// The layers that layer_types gives a window; nothing without this field.
std::optional<std::vector<bool>> listed_windows(const ConfigFields& f, const TransformerConfig& c) {
  const Json* list = f.find({"layer_types"});
  if (list == nullptr) return std::nullopt;
  check(list->is_array() && std::ssize(*list) == c.layers, ErrorKind::kBadInput,
        "{}: layer_types is not a list of {} names, one for each layer; correct the file", f.place(), c.layers);
  std::vector<bool> windows;
  for (const Json& name : *list) {
    check(name == kFull || name == kSliding, ErrorKind::kBadInput,
          "{}: layer_types has {}, which is not supported; known are {} and {}", f.place(),
          printable(dump_json(name), 60), kFull, kSliding);
    windows.push_back(name == kSliding);
  }
  return windows;
}

// sliding_window: null, 0 and false are no window; an absent one is `usual`.
std::int64_t read_window(ConfigFields& f, std::int64_t usual) {
  const Json* found = f.find({"sliding_window"});
  if (found == nullptr) return f.json().contains("sliding_window") ? 0 : usual;
  if (*found == 0 || *found == false) return 0;
  f.field({"sliding_window"}, usual);
  return usual;
}

void set_windows(const ConfigFields& f, TransformerConfig& c, std::int64_t window, const std::vector<bool>& layers) {
  const bool any = std::ranges::count(layers, true) > 0, all = std::ranges::count(layers, false) == 0;
  check(!any || window > 0, ErrorKind::kBadInput,
        "{}: layer_types has {} and there is no sliding_window; correct the file", f.place(), kSliding);
  c.window = any ? window : 0;
  c.window_layers = any && !all ? layers : std::vector<bool>();
}

// The layers from `first` on.
std::vector<bool> layers_from(std::int64_t first, std::int64_t count) {
  std::vector<bool> layers;
  for (std::int64_t i = 0; i < count; ++i) layers.push_back(i >= first);
  return layers;
}

void write_layer_types(ConfigFields& f, const TransformerConfig& c) {
  Json names = Json::array();
  for (std::int64_t i = 0; i < c.layers; ++i) names.push_back(c.window_of(i) > 0 ? kSliding : kFull);
  f.json()["layer_types"] = std::move(names);
}

// True on writing where nothing is left to do: config.json keeps the fields that it has.
bool written(const ConfigFields& f) {
  const auto has = [&](const char* name) { return f.json().contains(name); };
  return f.writing() && (has("sliding_window") || has("sliding_window_pattern") || has("layer_types"));
}

// Windows of all layers but every `period`-th, unless layer_types says otherwise. GGUF has a key for the window, and
// for another period than `usual`.
void periodic_windows(ConfigFields& f, TransformerConfig& c, std::int64_t usual, const char* period_key) {
  if (written(f)) return;
  constexpr Key kWindow{nullptr, nullptr, "attention.sliding_window"},
      kPeriod{nullptr, nullptr, "attention.sliding_window_pattern"};
  std::int64_t period = usual;
  const auto by_period = [&] {
    std::vector<bool> layers;
    for (std::int64_t i = 0; i < c.layers; ++i) layers.push_back((i + 1) % period != 0);
    return layers;
  };
  if (f.writing()) {
    if (f.of_gguf()) {
      if (c.window > 0) f.field(kWindow, c.window);
      return;
    }
    f.json()["sliding_window"] = c.window > 0 ? Json(c.window) : Json(nullptr);
    return write_layer_types(f, c);
  }
  if (f.of_gguf()) {
    std::int64_t window = 4096;
    f.field(kWindow, window).field(kPeriod, period);
    return set_windows(f, c, window, by_period());
  }
  if (period_key != nullptr) f.field({period_key}, period);
  const std::int64_t window = read_window(f, 4096);
  const auto listed = listed_windows(f, c);
  set_windows(f, c, window, listed ? *listed : by_period());
}

}  // namespace

void alternating_windows(ConfigFields& f, TransformerConfig& c) { periodic_windows(f, c, 2, nullptr); }
void windows_by_pattern(ConfigFields& f, TransformerConfig& c) { periodic_windows(f, c, 6, "sliding_window_pattern"); }

void sliding_window(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf() || written(f)) return;
  if (f.writing())
    f.json()["sliding_window"] = c.window > 0 ? Json(c.window) : Json(nullptr);
  else
    c.window = read_window(f, 4096);
}

void sliding_window_if_used(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf() || written(f)) return;
  bool used = c.window > 0;
  if (f.writing()) {
    if (!used) return;
    f.field({"use_sliding_window"}, used).field({"sliding_window"}, c.window);
    return write_layer_types(f, c);
  }
  std::int64_t first = 28;
  f.field({"use_sliding_window"}, used).field({"max_window_layers"}, first, {.least = 0});
  const std::int64_t window = read_window(f, 4096);
  const auto listed = listed_windows(f, c);
  set_windows(f, c, used ? window : 0, listed ? *listed : layers_from(used && window > 0 ? first : c.layers, c.layers));
}

namespace {

// The layers that no_rope_layers leaves without rotary positions (0), by default every n-th.
std::vector<bool> read_unrotated(ConfigFields& f, const TransformerConfig& c) {
  std::int64_t interval = 4;
  std::vector<double> rotated;
  if (!f.of_gguf()) f.field({"no_rope_layer_interval"}, interval).field({"no_rope_layers"}, rotated);
  check(rotated.empty() || std::ssize(rotated) >= c.layers, ErrorKind::kBadInput,
        "{}: no_rope_layers has {} numbers for {} layers; correct the file", f.place(), rotated.size(), c.layers);
  std::vector<bool> layers;
  for (std::int64_t i = 0; i < c.layers; ++i)
    layers.push_back(rotated.empty() ? (i + 1) % interval == 0 : rotated[static_cast<std::size_t>(i)] == 0);
  return layers;
}

}  // namespace

void unrotated_layers(ConfigFields& f, TransformerConfig& c) {
  if (f.writing()) {
    if (f.of_gguf() || f.json().contains("no_rope_layers")) return;
    Json rotated = Json::array();
    for (std::int64_t i = 0; i < c.layers; ++i) rotated.push_back(c.rotates(i) ? 1 : 0);
    f.json()["no_rope_layers"] = std::move(rotated);
    if (c.window == 0) return;
    f.json()["use_sliding_window"] = true;
    f.json()["sliding_window"] = c.window;
    return write_layer_types(f, c);
  }
  const std::vector<bool> unrotated = read_unrotated(f, c);
  c.unrotated_layers = std::ranges::count(unrotated, true) > 0 ? unrotated : std::vector<bool>();
  if (f.of_gguf()) return;
  bool used = false;
  f.field({"use_sliding_window"}, used);
  const std::int64_t window = read_window(f, 0);
  const auto listed = listed_windows(f, c);
  set_windows(f, c, window, listed ? *listed : used && window > 0 ? unrotated : std::vector<bool>(unrotated.size()));
}

void local_attention(ConfigFields& f, TransformerConfig& c) {
  std::int64_t span = c.window > 0 ? 2 * (c.window - 1) : 128, period = 3;
  if (f.writing()) {
    const auto has = [&](const char* name) { return f.json().contains(name); };
    if (!has("local_attention")) f.field({"local_attention"}, span);
    if (!has("global_attn_every_n_layers") && !has("layer_types")) write_layer_types(f, c);
    return;
  }
  f.field({"local_attention"}, span, {.least = 0}).field({"global_attn_every_n_layers"}, period);
  std::vector<bool> layers;
  for (std::int64_t i = 0; i < c.layers; ++i) layers.push_back(i % period != 0);
  set_windows(f, c, span / 2 + 1, listed_windows(f, c).value_or(layers));
}

}  // namespace linnet::models::rules
