// The limits and keepalive of every gRPC connection between our services, in one place because both sides must agree: a client
// that pings faster than the server allows is sent away (GOAWAY "too_many_pings").
#pragma once

#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

namespace zoomwatch {

// Items in one batch. 64 to 512 is the flat part of the cost curve (docs/performance.md).
inline constexpr int kMaxBatchItems = 512;

// Serialized bytes of one message that a server of ours accepts: the largest batch request (4,000,000) and its overhead.
inline constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

inline constexpr int kMaxBatchIdBytes = 64;

// Clients ping after this long without data, also while no call is open, so that a dead peer is noticed before a batch waits
// for it; servers accept pings that come at least kMinPingIntervalMs apart.
inline constexpr int kKeepaliveTimeMs = 30'000;
inline constexpr int kKeepaliveTimeoutMs = 10'000;
inline constexpr int kMinPingIntervalMs = 15'000;

// Calls of services that take a thread for each call (those for people and programs; batches take none), running at one time on one
// server; one more is answered RESOURCE_EXHAUSTED. Above what these services let run by limits of their own, so that it only stops a
// client that opens calls without end, which would otherwise cost a thread and its memory each.
inline constexpr int kMaxCallThreads = 256;

inline void ApplyLimits(grpc::ServerBuilder& builder) {
  builder.SetResourceQuota(grpc::ResourceQuota("zoomwatch").SetMaxThreads(kMaxCallThreads));
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

inline void ApplyLimits(grpc::ChannelArguments& arguments) {
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // After a restart of the peer the next attempt comes soon; the retry loop above has its own back-off.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
}

}  // namespace zoomwatch
