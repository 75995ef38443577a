// zoomwatch-normalizer: webhooks in, events in one model out.
#include "services/normalizer/app.h"

int main(int argc, char** argv) {
  zoomwatch::config::v1::Normalizer config;
  return zoomwatch::ServiceMain(
      argc, argv,
      {.name = "zoomwatch-normalizer",
       .summary = "turns Zoom's webhooks into events of one model and hands them to the detector",
       .config = &config,
       .logging = [&]() -> const zoomwatch::config::v1::Logging& { return config.logging(); },
       .drain_deadline = [&] { return absl::Seconds(config.drain_deadline().seconds()); },
       .make_app = [&] { return std::make_unique<zoomwatch::normalizer::NormalizerApp>(config, zoomwatch::normalizer::NormalizerDeps{}); }});
}
