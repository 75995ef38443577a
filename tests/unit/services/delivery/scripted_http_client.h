// An HTTP client that answers from a script and remembers what it was asked. Thread-safe. For tests only.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/http_client/http_client.h"
#include "common/status/reasons.h"
#include "common/sync/mutex.h"

namespace zoomwatch::detector {

struct RecordedRequest {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  absl::Duration timeout;
  bool direct = false;
  bool once = false;

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "";
  }
};

class ScriptedHttpClient final : public HttpClient {
 public:
  using Answerer = std::function<absl::StatusOr<HttpResponse>(const RecordedRequest&)>;

  // Answers each request; replaces what was there.
  void Answer(Answerer answerer) {
    MutexLock lock(mutex_);
    answerer_ = std::move(answerer);
  }
  // Answers the requests in this order; one too many is a failed call.
  void Answer(std::vector<absl::StatusOr<HttpResponse>> responses) {
    auto left = std::make_shared<std::deque<absl::StatusOr<HttpResponse>>>(responses.begin(), responses.end());
    Answer([left](const RecordedRequest&) -> absl::StatusOr<HttpResponse> {
      if (left->empty()) return Error(Reason::kHttpCallFailed, "the script has no more answers");
      auto response = std::move(left->front());
      left->pop_front();
      return response;
    });
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token& stop) override {
    RecordedRequest recorded{.method = request.method,
                             .url = request.url,
                             .headers = request.headers,
                             .body = std::string(request.body),
                             .timeout = request.timeout,
                             .direct = request.direct,
                             .once = request.once};
    Answerer answerer;
    {
      MutexLock lock(mutex_);
      requests_.push_back(recorded);
      answerer = answerer_;
    }
    if (stop.stop_requested()) return Error(Reason::kShuttingDown, "stopped");
    return answerer(recorded);
  }

  std::vector<RecordedRequest> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }

 private:
  mutable Mutex mutex_;
  Answerer answerer_ ABSL_GUARDED_BY(mutex_);
  std::vector<RecordedRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::detector
