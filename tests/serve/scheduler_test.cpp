#include "linnet/serve/scheduler.h"

#include <gtest/gtest.h>

#include <future>

#include "linnet/models/loader.h"
#include "linnet/serve/api_error.h"
#include "tests/models/fixture.h"

namespace linnet::serve {
namespace {

using Clock = std::chrono::steady_clock;

// Generates `count` texts of `length` tokens; the result is "" or the error.
class Texts : public Job {
 public:
  Texts(std::size_t count, std::int64_t length) : count_(count), length_(length) {}
  std::size_t sequences() const override { return count_; }
  void begin(std::size_t, const std::shared_ptr<Sequence>& sequence) override {
    most = std::max(most, ++running_);
    if (throws) throw ApiError(400, "no");
    generate::Request request{.prompt = {3, 4}, .options = {.max_new_tokens = length_}};
    request.on_end = sequence->guarded([this, sequence](generate::Generation&) {
      --running_;
      if (throws_at_end) throw ApiError(500, "late");
      sequence->done();
    });
    sequence->submit(std::move(request));
  }
  void finish() override { result.set_value(""); }
  void fail(const std::exception_ptr& why) override { result.set_value(api_error(why, "", "").what()); }

  std::promise<std::string> result;
  std::size_t most = 0;
  bool throws = false, throws_at_end = false;

 private:
  std::size_t count_, running_ = 0;
  std::int64_t length_;
};

class Scheduling : public ::testing::Test {
 protected:
  std::string run(const std::shared_ptr<Texts>& job, std::chrono::seconds longest = std::chrono::seconds(60)) {
    scheduler_.start(job, Clock::now() + longest);
    return job->result.get_future().get();
  }
  std::unique_ptr<models::Model> model_ = models::load_model(fixtures() / "llama/causal");
  Scheduler scheduler_{*model_, {.slots = 3, .queue = 2}};
};

TEST_F(Scheduling, RunsNoMoreTextsThanSlots) {
  const auto job = std::make_shared<Texts>(20, 5);
  EXPECT_EQ(run(job), "");
  EXPECT_EQ(job->most, 3U);
  EXPECT_EQ(run(std::make_shared<Texts>(0, 1)), "");
}

TEST_F(Scheduling, HasSlotsAndQueuePlaces) {
  std::vector<Ticket> tickets;
  for (int i = 0; i < 5; ++i) {
    auto ticket = scheduler_.admit();
    ASSERT_TRUE(ticket);
    tickets.push_back(std::move(*ticket));
  }
  EXPECT_FALSE(scheduler_.admit());
  tickets.pop_back();
  EXPECT_TRUE(scheduler_.admit());
  EXPECT_EQ(scheduler_.admitted(), 4);
}

TEST_F(Scheduling, ErrorsEndOnlyTheirJob) {
  const auto good = std::make_shared<Texts>(6, 20), bad = std::make_shared<Texts>(6, 5),
             late = std::make_shared<Texts>(6, 5);
  bad->throws = late->throws_at_end = true;
  for (const auto& job : {good, bad, late}) scheduler_.start(job, Clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(bad->result.get_future().get(), "no");
  EXPECT_EQ(late->result.get_future().get(), "late");
  EXPECT_EQ(good->result.get_future().get(), "");
  EXPECT_EQ(run(std::make_shared<Texts>(3, 3)), "");
}

TEST_F(Scheduling, KeepsDeadlinesAndCancels) {
  EXPECT_EQ(run(std::make_shared<Texts>(100'000, 60), std::chrono::seconds(0)), "the request took too long");
  const auto job = std::make_shared<Texts>(100'000, 60);
  scheduler_.start(job, Clock::now() + std::chrono::seconds(60));
  scheduler_.cancel(job);
  EXPECT_EQ(run(std::make_shared<Texts>(3, 3)), "");
  const auto open = std::make_shared<Texts>(100'000, 60);
  scheduler_.start(open, Clock::now() + std::chrono::seconds(60));
  scheduler_.stop();
  EXPECT_EQ(open->result.get_future().get(), "the server is shutting down");
}

}  // namespace
}  // namespace linnet::serve
