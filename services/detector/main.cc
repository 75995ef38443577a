// zoomwatch-detector: events in, stored durably once each, delivered as rows.
#include "services/detector/app.h"

int main(int argc, char** argv) {
  zoomwatch::config::v1::Detector config;
  return zoomwatch::ServiceMain(
      argc, argv,
      {.name = "zoomwatch-detector",
       .summary = "stores events durably, removes repeats and delivers them as rows",
       .config = &config,
       .logging = [&]() -> const zoomwatch::config::v1::Logging& { return config.logging(); },
       .drain_deadline = [&] { return absl::Seconds(config.drain_deadline().seconds()); },
       .make_app = [&] { return std::make_unique<zoomwatch::detector::DetectorApp>(config, zoomwatch::detector::DetectorDeps{}); }});
}
