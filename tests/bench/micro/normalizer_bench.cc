// What it costs to make an event of a webhook body, as a multiple of parsing the same bodies with simdjson's DOM.
//
//   ZOOMWATCH_CORPUS=FOLDER normalizer_bench [Google Benchmark's options]
//
// Bodies: the sample events of the corpus, or without one those of tests/data/zoom; without blanks between tokens, as Zoom sends them.
//   simdjson_dom         parse and validate; nothing is read from the result
//   json_parser          common/json, which also refuses duplicate keys and keeps numbers as text
//   normalize            and typed fields, times, identity, redaction, payload
//   normalize_serialize  and the bytes that go to the detector
//   batch                the same with new memory for each batch of 128, as the service does it
// normalizer_bench_plain_malloc is the same without mimalloc, which the programs are linked to.
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/json/document.h"
#include "common/json/parser.h"
#include "services/normalizer/normalizer.h"
#include "tests/bench/micro/ratio_reporter.h"

namespace zoomwatch::bench {
namespace {

namespace fs = std::filesystem;

struct Body {
  simdjson::padded_string padded;
  ingest::v1::RawWebhook webhook;
};

// A number where the samples have a place for the time.
std::string WithTime(std::string text) {
  constexpr std::string_view kPlace = "@TS@";
  for (size_t at = 0; (at = text.find(kPlace, at)) != std::string::npos;) text.replace(at, kPlace.size(), "1795500000000");
  return text;
}

std::vector<Body> ReadBodies() {
  const char* const corpus = std::getenv("ZOOMWATCH_CORPUS");
  const fs::path folder = corpus != nullptr ? fs::path(corpus) / "zoom-events" : fs::path(ZOOMWATCH_SOURCE_DIR) / "tests/data/zoom";
  std::vector<Body> bodies;
  size_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text = WithTime({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
    std::string minified(text.size(), '\0');
    size_t size = 0;
    if (simdjson::minify(text.data(), text.size(), minified.data(), size) != simdjson::SUCCESS) continue;
    minified.resize(size);
    Body body{.padded = simdjson::padded_string(minified), .webhook = {}};
    body.webhook.set_webhook_id("spool-1");
    body.webhook.set_account_name("main");
    body.webhook.mutable_receive_time()->set_seconds(1795500000);
    body.webhook.set_body(std::move(minified));
    bytes += size;
    bodies.push_back(std::move(body));
  }
  std::printf("%zu bodies of %s, %zu bytes on average\n", bodies.size(), corpus != nullptr ? "the corpus" : "tests/data/zoom",
              bodies.empty() ? 0 : bytes / bodies.size());
  return bodies;
}

void Finish(benchmark::State& state, const std::vector<Body>& bodies) {
  size_t bytes = 0;
  for (const Body& body : bodies) bytes += body.padded.size();
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(bodies.size()));
}

void SimdjsonDom(benchmark::State& state, const std::vector<Body>& bodies) {
  simdjson::dom::parser parser;
  for (auto _ : state) {
    for (const Body& body : bodies) {
      simdjson::dom::element root;
      if (parser.parse(body.padded).get(root) != simdjson::SUCCESS) state.SkipWithError("simdjson refuses a body");
      benchmark::DoNotOptimize(root);
    }
  }
  Finish(state, bodies);
}

void JsonParser(benchmark::State& state, const std::vector<Body>& bodies) {
  json::Parser parser({.duplicate_keys = json::DuplicateKeys::kKeepInsideArrays});
  json::Document document;
  for (auto _ : state) {
    for (const Body& body : bodies) {
      if (!parser.Parse(body.webhook.body(), document).ok()) state.SkipWithError("common/json refuses a body");
      benchmark::DoNotOptimize(document);
    }
  }
  Finish(state, bodies);
}

void Normalize(benchmark::State& state, const std::vector<Body>& bodies, bool serialize) {
  const Redactor redactor;
  Normalizer normalizer(redactor);
  detect::v1::EventItem item;
  std::string bytes;
  for (auto _ : state) {
    for (const Body& body : bodies) {
      if (normalizer.Normalize(body.webhook, item).reason.has_value()) state.SkipWithError("a body goes into quarantine");
      if (serialize) item.SerializeToString(&bytes);
      benchmark::DoNotOptimize(bytes);
    }
  }
  Finish(state, bodies);
}

void Batch(benchmark::State& state, const std::vector<Body>& bodies) {
  constexpr size_t kItems = 128;
  const Redactor redactor;
  Normalizer normalizer(redactor);
  for (auto _ : state) {
    for (size_t first = 0; first < bodies.size(); first += kItems) {
      detect::v1::IngestEventsRequest request;
      for (size_t i = first; i < std::min(first + kItems, bodies.size()); ++i) {
        const ingest::v1::RawWebhook webhook = bodies[i].webhook;  // as it was read from the wire
        normalizer.Normalize(webhook, *request.add_items());
      }
      benchmark::DoNotOptimize(request.SerializeAsString());
    }
  }
  Finish(state, bodies);
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) {
  using namespace zoomwatch::bench;
  const std::vector<Body> bodies = ReadBodies();
  if (bodies.empty()) return 1;
  benchmark::RegisterBenchmark("simdjson_dom", [&](benchmark::State& state) { SimdjsonDom(state, bodies); });
  benchmark::RegisterBenchmark("json_parser", [&](benchmark::State& state) { JsonParser(state, bodies); });
  benchmark::RegisterBenchmark("normalize", [&](benchmark::State& state) { Normalize(state, bodies, false); });
  benchmark::RegisterBenchmark("normalize_serialize", [&](benchmark::State& state) { Normalize(state, bodies, true); });
  benchmark::RegisterBenchmark("batch", [&](benchmark::State& state) { Batch(state, bodies); });
  return RunWithRatios(argc, argv, "simdjson_dom");
}
