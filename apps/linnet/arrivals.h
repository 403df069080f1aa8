// A queue of items that another thread reads: a batch takes the available items, so that an answer never waits for the
// next one.
//
//   Arrivals<std::string> lines([&]() -> std::optional<std::string> { … });   // empty at the end
//   for (auto some = lines.take(100); !some.empty(); some = lines.take(100)) answer(some);
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace linnet::app {

template <class Item>
class Arrivals {
 public:
  using Next = std::function<std::optional<Item>()>;

  // `next` is called only on the other thread and must own its source: the program does not wait for a blocked reader
  // at its end.
  explicit Arrivals(Next next) : shared_(std::make_shared<Shared>()) {
    std::thread([shared = shared_, next = std::move(next)] { read(*shared, next); }).detach();
  }
  ~Arrivals() {
    const std::lock_guard lock(shared_->mutex);
    shared_->abandoned = true;
    shared_->taken.notify_all();
  }
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  // Takes the available items, at most `most`; waits for the first one. Empty at the end; rethrows an exception of
  // `next` after the items before it.
  std::vector<Item> take(std::size_t most) {
    std::unique_lock lock(shared_->mutex);
    shared_->arrived.wait(lock, [&] { return !shared_->items.empty() || shared_->ended; });
    auto& items = shared_->items;
    if (items.empty() && shared_->error) std::rethrow_exception(shared_->error);
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(std::min(most, items.size()));
    std::vector<Item> some(std::move_iterator(items.begin()), std::move_iterator(end));
    items.erase(items.begin(), end);
    shared_->taken.notify_all();
    return some;
  }

 private:
  static constexpr std::size_t kMostAhead = 4096;  // items read ahead

  struct Shared {
    std::mutex mutex;
    std::condition_variable arrived, taken;
    std::deque<Item> items;
    std::exception_ptr error;
    bool ended = false, abandoned = false;
  };

  static void read(Shared& shared, const Next& next) {
    std::exception_ptr error;
    try {
      while (std::optional<Item> item = next()) {
        std::unique_lock lock(shared.mutex);
        shared.taken.wait(lock, [&] { return shared.items.size() < kMostAhead || shared.abandoned; });
        if (shared.abandoned) return;
        shared.items.push_back(std::move(*item));
        shared.arrived.notify_one();
      }
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(shared.mutex);
    shared.error = error;
    shared.ended = true;
    shared.arrived.notify_all();
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace linnet::app
