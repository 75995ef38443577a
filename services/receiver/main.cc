// zoomwatch-receiver: verified webhooks in, durable on disk, then on to the normalizer.
#include "services/receiver/app.h"

int main(int argc, char** argv) {
  zoomwatch::config::v1::Receiver config;
  return zoomwatch::ServiceMain(
      argc, argv,
      {.name = "zoomwatch-receiver",
       .summary = "takes Zoom's webhooks, verifies them, stores them durably and forwards them",
       .config = &config,
       .logging = [&]() -> const zoomwatch::config::v1::Logging& { return config.logging(); },
       .drain_deadline = [&] { return absl::Seconds(config.drain_deadline().seconds()); },
       .make_app = [&] { return std::make_unique<zoomwatch::receiver::ReceiverApp>(config, zoomwatch::receiver::ReceiverDeps{}); }});
}
