// RuleService (proto/zoomwatch/rule/v1): the rules that the detector evaluates, how they fare, and how they are evaluated.
// Threading: thread-safe. Ownership: runner and log outlive the service, which outlives its server.
#pragma once

#include <grpcpp/server_context.h>

#include <atomic>
#include <vector>

#include "services/detector/event_log/event_log.h"
#include "services/detector/rules/rule_runner.h"
#include "zoomwatch/rule/v1/rule_service.grpc.pb.h"

namespace zoomwatch::detector {

class RuleService final : public rule::v1::RuleService::Service {
 public:
  RuleService(RuleRunner& runner, EventLog& log) : runner_(runner), log_(log) {}

  grpc::Status ListRules(grpc::ServerContext* context, const rule::v1::ListRulesRequest* request,
                         rule::v1::ListRulesResponse* response) override;
  grpc::Status GetRule(grpc::ServerContext* context, const rule::v1::GetRuleRequest* request, rule::v1::GetRuleResponse* response) override;
  grpc::Status ReloadRules(grpc::ServerContext* context, const rule::v1::ReloadRulesRequest* request,
                           rule::v1::ReloadRulesResponse* response) override;
  grpc::Status ExplainRule(grpc::ServerContext* context, const rule::v1::ExplainRuleRequest* request,
                           rule::v1::ExplainRuleResponse* response) override;
  grpc::Status BacktestRule(grpc::ServerContext* context, const rule::v1::BacktestRuleRequest* request,
                            grpc::ServerWriter<rule::v1::BacktestRuleResponse>* writer) override;

  // Ends a backtest with SHUTTING_DOWN, so that a server that stops need not wait for it. Idempotent.
  void Stop() { stopping_ = true; }

 private:
  // Ordered by name, then id and file.
  std::vector<rule::v1::Rule> All() const;
  absl::Status Backtest(grpc::ServerContext& context, const rule::v1::BacktestRuleRequest& request,
                        grpc::ServerWriter<rule::v1::BacktestRuleResponse>& writer);
  absl::Status Explain(const rule::v1::ExplainRuleRequest& request, rule::v1::ExplainRuleResponse& response);

  RuleRunner& runner_;
  EventLog& log_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> backtesting_ = false;  // one at a time: it may use as much memory and time as all rules
};

}  // namespace zoomwatch::detector
