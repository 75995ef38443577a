#include "common/http/worker.h"

#include "common/http/connection.h"

namespace zoomwatch::http {

Worker::Worker(ServerContext& context)
    : context_(context), work_(boost::asio::make_work_guard(io)), timer_(io) {}

void Worker::Run() {
  OnTick();
  io.run();
}

size_t Worker::Register(std::shared_ptr<Connection> connection, absl::Duration deadline) {
  slots_.push_back({deadline, std::move(connection)});
  return slots_.size() - 1;
}

void Worker::Unregister(size_t slot) {
  if (slot + 1 != slots_.size()) {
    slots_[slot] = std::move(slots_.back());
    slots_[slot].connection->set_slot(slot);
  }
  slots_.pop_back();
}

bool Worker::CloseLongestKept() {
  const Slot* longest = nullptr;  // all have the same time-out, so it is the one that ends first
  for (const Slot& slot : slots_) {
    if ((longest == nullptr || slot.deadline < longest->deadline) && slot.connection->IsKept()) longest = &slot;
  }
  if (longest == nullptr) return false;
  const std::shared_ptr<Connection> connection = longest->connection;
  connection->Close();
  return true;
}

void Worker::CloseIdle() {
  for (size_t i = slots_.size(); i-- > 0;) slots_[i].connection->CloseIfIdle();
}

void Worker::CloseAll() {
  closed_ = true;
  while (!slots_.empty()) {
    const std::shared_ptr<Connection> connection = slots_.back().connection;
    connection->Close();
  }
  timer_.cancel();
  work_.reset();
}

void Worker::ArmTick() {
  timer_.expires_after(std::chrono::nanoseconds(absl::ToInt64Nanoseconds(context_.options.tick)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !closed_) OnTick();
  });
}

void Worker::OnTick() {
  const absl::Duration now = context_.clock.Monotonic();
  // From the end, because a connection that closes puts the last one into its place.
  for (size_t i = slots_.size(); i-- > 0;) {
    if (slots_[i].deadline > now) continue;
    const std::shared_ptr<Connection> connection = slots_[i].connection;
    connection->OnDeadline();
  }
  const absl::Time time_of_day = context_.clock.Now();
  if (const int64_t second = absl::ToUnixSeconds(time_of_day); second != date_second_) {
    date_second_ = second;
    date_ = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time_of_day, absl::UTCTimeZone());
  }
  ArmTick();
}

}  // namespace zoomwatch::http
