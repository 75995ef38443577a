#include "common/transport/grpc/batch_client.h"

#include <grpcpp/client_context.h>

#include <set>
#include <utility>

#include "common/status/grpc_status.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "zoomwatch/detect/v1/detect_service.grpc.pb.h"
#include "zoomwatch/ingest/v1/ingest_service.grpc.pb.h"

namespace zoomwatch {
namespace {

struct Ingest {
  using Item = ingest::v1::RawWebhook;
  using Request = ingest::v1::IngestWebhooksRequest;
  using Response = ingest::v1::IngestWebhooksResponse;
  using Service = ingest::v1::IngestService;
  static auto* Items(Request& request) { return request.mutable_webhooks(); }
  static int Duplicates(const Response&) { return 0; }
  static void Start(Service::Stub& stub, grpc::ClientContext* context, const Request* request, Response* response,
                    std::function<void(grpc::Status)> done) {
    stub.async()->IngestWebhooks(context, request, response, std::move(done));
  }
};

struct Detect {
  using Item = detect::v1::EventItem;
  using Request = detect::v1::IngestEventsRequest;
  using Response = detect::v1::IngestEventsResponse;
  using Service = detect::v1::DetectService;
  static auto* Items(Request& request) { return request.mutable_items(); }
  static int Duplicates(const Response& response) { return response.duplicate_count(); }
  static void Start(Service::Stub& stub, grpc::ClientContext* context, const Request* request, Response* response,
                    std::function<void(grpc::Status)> done) {
    stub.async()->IngestEvents(context, request, response, std::move(done));
  }
};

template <typename Rpc>
class BatchClient final : public EventSink<typename Rpc::Item> {
 public:
  BatchClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
      : stub_(Rpc::Service::NewStub(std::move(channel))), deadline_(deadline) {}

  ~BatchClient() override {
    MutexLock lock(mutex_);
    for (Call* call : calls_) call->context.TryCancel();
    while (open_ > 0) none_left_.Wait(mutex_);
  }

  void Send(const std::string& batch_id, const std::vector<typename Rpc::Item>& items,
            std::function<void(absl::StatusOr<BatchResult>)> done) override {
    auto* call = new Call;
    call->request.set_batch_id(batch_id);
    Rpc::Items(call->request)->Add(items.begin(), items.end());
    call->done = std::move(done);
    call->context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + deadline_));
    {
      MutexLock lock(mutex_);
      calls_.insert(call);
      ++open_;
    }
    Rpc::Start(*stub_, &call->context, &call->request, &call->response,
               [this, call](const grpc::Status& status) { Finish(call, status); });
  }

 private:
  struct Call {
    grpc::ClientContext context;
    typename Rpc::Request request;
    typename Rpc::Response response;
    std::function<void(absl::StatusOr<BatchResult>)> done;
  };

  static BatchResult ResultOf(const typename Rpc::Response& response) {
    BatchResult result{.accepted_count = response.accepted_count(), .duplicate_count = Rpc::Duplicates(response)};
    for (const auto& rejected : response.partial_success().rejected()) {
      result.rejected.push_back({.index = rejected.index(), .reason = rejected.reason(), .message = rejected.message()});
    }
    return result;
  }

  void Finish(Call* call, const grpc::Status& status) {
    if (status.ok()) {
      call->done(ResultOf(call->response));
    } else {
      call->done(FromGrpcStatus(status));
    }
    {
      MutexLock lock(mutex_);
      calls_.erase(call);
    }
    // The context shares the channel. It goes before the destructor may return: the last owner of a channel ends the threads of gRPC's
    // callbacks, of which this is one.
    delete call;
    MutexLock lock(mutex_);
    if (--open_ == 0) none_left_.NotifyAll();
  }

  const std::unique_ptr<typename Rpc::Service::Stub> stub_;
  const absl::Duration deadline_;
  Mutex mutex_;
  CondVar none_left_;
  std::set<Call*> calls_ ABSL_GUARDED_BY(mutex_);  // those that can be cancelled
  int open_ ABSL_GUARDED_BY(mutex_) = 0;           // those that are not yet destroyed
};

}  // namespace

std::unique_ptr<EventSink<ingest::v1::RawWebhook>> MakeIngestClient(std::shared_ptr<grpc::Channel> channel,
                                                                    absl::Duration deadline) {
  return std::make_unique<BatchClient<Ingest>>(std::move(channel), deadline);
}

std::unique_ptr<EventSink<detect::v1::EventItem>> MakeDetectClient(std::shared_ptr<grpc::Channel> channel,
                                                                   absl::Duration deadline) {
  return std::make_unique<BatchClient<Detect>>(std::move(channel), deadline);
}

}  // namespace zoomwatch
