// recording.*
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::Recording;

constexpr FieldRow<Recording> kRecording[] = {
    {"topic", "topic", &Recording::mutable_topic},
    {"uuid", "uuid", &Recording::mutable_uuid},
    {"id", "id", &Recording::mutable_id},
    {"host_id", "host_id", &Recording::mutable_host_id},
    {"host_email", "host_email", &Recording::mutable_host_email},
    {"share_url", "share_url", &Recording::mutable_share_url},
    {"total_size", "total_size_bytes", &Recording::set_total_size_bytes},
    {"start_time", "start_time", &Recording::mutable_start_time},
};

}  // namespace

void FillRecording(const Reader& reader, Recording& recording) {
  const json::Document& document = reader.document();
  FillFields<Recording>(reader, reader.object(), kRecording, recording);
  const json::NodeIndex files = reader.Find(reader.object(), "recording_files");
  if (files != json::kNoNode && document.at(files).type == json::Type::kArray) {
    int64_t count = 0;
    const json::NodeIndex end = document.end_of(files);
    for (json::NodeIndex i = json::Document::first_child(files); i != end; i = document.at(i).next) ++count;
    recording.set_file_count(count);
  }
  const json::NodeIndex registrant = reader.Find(reader.object(), "registrant");
  if (registrant != json::kNoNode) FillRegistrant(reader, registrant, *recording.mutable_registrant());
}

void AppendRecordingDocs(std::vector<FieldDoc>& docs) {
  AppendDocs<Recording>("payload.object.", "Recording", kRecording, docs);
  docs.push_back({"payload.object.recording_files[]", "Recording", "file_count", "how many"});
  docs.push_back({"payload.object.registrant", "Recording", "registrant", "see Participant"});
}

}  // namespace zoomwatch
