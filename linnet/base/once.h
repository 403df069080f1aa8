// A value that is computed at first use, at most once, also by several threads. Copies share it.
//
//   Once<Json> config_;
//   const Json& config() const { return config_.get([&] { return read_json(file_); }); }
#pragma once

#include <memory>
#include <mutex>
#include <optional>

namespace linnet {

template <class Value>
class Once {
 public:
  // If `make` throws, there is no value and the next call tries again.
  template <class Make>
  const Value& get(const Make& make) const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->value) state_->value.emplace(make());
    return *state_->value;
  }

 private:
  struct State {
    std::mutex mutex;
    std::optional<Value> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace linnet
