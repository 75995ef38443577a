// Two threads write one variable without a lock. Built for ThreadSanitizer only, which must report it in spite of the suppressions;
// links gRPC, so that the suppressed libraries are loaded as in a service.
#include <cstdio>
#include <thread>

#include "common/status/grpc_status.h"

namespace zoomwatch {
namespace {

int shared_counter = 0;

void Count() {
  for (int i = 0; i < 100000; ++i) ++shared_counter;
}

}  // namespace
}  // namespace zoomwatch

int main() {
  std::jthread other(zoomwatch::Count);
  zoomwatch::Count();
  other.join();
  const bool converted = zoomwatch::ToGrpcStatus(absl::OkStatus()).ok();
  std::printf("counted to %d, %d\n", zoomwatch::shared_counter, converted);
  return 0;
}
