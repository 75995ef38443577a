#include "tests/fakes/azure_monitor/state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "common/status/check.h"

namespace zoomwatch::fakes {
namespace {

boost::json::object ToObject(const std::map<std::string, uint64_t>& counts) {
  boost::json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

boost::json::object ToObject(const StreamState& stream) {
  return {{"calls", stream.calls},
          {"rows", stream.rows},
          {"bytes", stream.bytes},
          {"undeclared_fields", ToObject(stream.changes.undeclared)},
          {"lost_fields", ToObject(stream.changes.lost)},
          {"cut_fields", ToObject(stream.changes.cut)},
          {"time_missing", stream.changes.time_missing},
          {"time_replaced", stream.changes.time_replaced}};
}

}  // namespace

uint64_t AzureState::Answers(const std::string& endpoint, const std::string& status) const {
  const auto found = answers.find(endpoint);
  if (found == answers.end()) return 0;
  const auto count = found->second.find(status);
  return count == found->second.end() ? 0 : count->second;
}

std::string AzureState::ToJson() const {
  boost::json::object answers_object, streams_object;
  for (const auto& [endpoint, counts] : answers) answers_object[endpoint] = ToObject(counts);
  for (const auto& [name, stream] : streams) streams_object[name] = ToObject(stream);
  return boost::json::serialize(boost::json::object{{"answers", std::move(answers_object)},
                                                    {"refusals", ToObject(refusals)},
                                                    {"streams", std::move(streams_object)},
                                                    {"largest_body_bytes", largest_body_bytes},
                                                    {"largest_content_bytes", largest_content_bytes}});
}

std::string RecordedCall::ToJson() const {
  boost::json::object headers_object;
  for (const auto& [name, value] : headers) headers_object[name] = value;
  return boost::json::serialize(
      boost::json::object{{"method", method}, {"target", target}, {"headers", std::move(headers_object)}, {"content", content}});
}

absl::StatusOr<std::unique_ptr<StateStore>> StateStore::Open(const std::string& rows_file, size_t keep_rows, OnRow on_row) {
  int file = -1;
  if (!rows_file.empty()) {
    file = open(rows_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return absl::UnavailableError(fmt::format("{}: {}", rows_file, std::strerror(errno)));
  }
  return std::unique_ptr<StateStore>(new StateStore(file, keep_rows, std::move(on_row)));
}

StateStore::~StateStore() {
  if (file_ >= 0) close(file_);
}

void StateStore::CountAnswer(const std::string& endpoint, const std::string& status) {
  MutexLock lock(mutex_);
  ++state_.answers[endpoint][status];
}

void StateStore::CountRefusal(const std::string& code) {
  MutexLock lock(mutex_);
  ++state_.refusals[code];
}

void StateStore::NoteCall(const http::Request& request, std::string_view content) {
  RecordedCall call{.method = request.method, .target = request.target, .headers = {}, .content = std::string(content)};
  for (size_t i = 0; i < request.headers.size(); ++i) {
    const std::string name = LowerCase(request.headers.name(i));
    const std::string_view value = request.headers.value(i);
    call.headers[name] = name == "authorization" ? value.substr(0, value.find(' ')) : value;
  }
  MutexLock lock(mutex_);
  state_.largest_body_bytes = std::max<uint64_t>(state_.largest_body_bytes, request.body.size());
  state_.largest_content_bytes = std::max<uint64_t>(state_.largest_content_bytes, content.size());
  last_call_ = std::move(call);
}

RecordedCall StateStore::last_call() const {
  MutexLock lock(mutex_);
  return last_call_;
}

void StateStore::Commit(const Stream& stream, CallRows rows, size_t content_bytes) {
  std::string lines;
  if (file_ >= 0) {
    for (const std::string& row : rows.rows) {
      lines.append(row, 0, row.size() - 1);
      lines += fmt::format(",\"Type\":\"{}\"}}\n", stream.table());
    }
  }
  MutexLock lock(mutex_);
  StreamState& counts = state_.streams[stream.name];
  ++counts.calls;
  counts.rows += rows.rows.size();
  counts.bytes += content_bytes;
  counts.changes.Add(rows.changes);
  if (on_row_ != nullptr) {
    for (const std::string& row : rows.rows) on_row_(stream, row);
  }
  std::vector<std::string>& kept = rows_[stream.name];
  for (std::string& row : rows.rows) {
    if (kept_ >= keep_rows_) break;
    ++kept_;
    kept.push_back(std::move(row));
  }
  // Under the lock, so that the file has the calls in the order of the counters.
  for (size_t written = 0; written < lines.size();) {
    const ssize_t result = write(file_, lines.data() + written, lines.size() - written);
    if (result < 0 && errno == EINTR) continue;
    ZOOMWATCH_CHECK(result > 0);  // a fake that loses rows makes every test of loss worthless
    written += static_cast<size_t>(result);
  }
}

AzureState StateStore::state() const {
  MutexLock lock(mutex_);
  return state_;
}

std::vector<std::string> StateStore::Rows(std::string_view stream) const {
  MutexLock lock(mutex_);
  const auto found = rows_.find(stream);
  return found == rows_.end() ? std::vector<std::string>() : found->second;
}

void StateStore::Forget() {
  MutexLock lock(mutex_);
  state_ = {};
  rows_.clear();
  kept_ = 0;
  last_call_ = {};
}

}  // namespace zoomwatch::fakes
