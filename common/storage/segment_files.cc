#include "common/storage/segment_files.h"

#include <algorithm>

#include "common/status/status_macros.h"
#include "common/storage/log_format.h"

namespace zoomwatch::storage {
namespace {

constexpr char kSpareName[] = "spare.tmp";
constexpr uint64_t kZeroChunkBytes = uint64_t{1} << 20;

}  // namespace

absl::StatusOr<std::vector<Segment>> ListSegments(FileSystem& files, const std::string& folder) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  std::vector<Segment> segments;
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (name == kSpareName) ZOOMWATCH_RETURN_IF_ERROR(files.Remove(path));
    const auto first_position = log_format::ParseSegmentName(name);
    if (!first_position.has_value()) continue;
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path));
    ZOOMWATCH_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
    segments.push_back({.first_position = *first_position, .size = size, .path = path});
  }
  return segments;
}

absl::Status WriteZeros(File& file, uint64_t from, uint64_t to) {
  const std::string zeros(std::min(kZeroChunkBytes, to - from), '\0');
  for (uint64_t offset = from; offset < to; offset += zeros.size()) {
    ZOOMWATCH_RETURN_IF_ERROR(file.WriteAt(offset, std::string_view(zeros).substr(0, to - offset)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<File>> MakeSpare(FileSystem& files, const std::string& folder, uint64_t size) {
  ZOOMWATCH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.Create(folder + "/" + kSpareName));
  ZOOMWATCH_RETURN_IF_ERROR(WriteZeros(*file, 0, size));
  ZOOMWATCH_RETURN_IF_ERROR(file->SyncData());
  return file;
}

absl::StatusOr<Segment> AdoptSpare(FileSystem& files, const std::string& folder, File& spare, uint64_t first_position,
                                   uint64_t size) {
  Segment segment{.first_position = first_position, .size = size, .path = folder + "/" + log_format::SegmentName(first_position)};
  const std::string header = log_format::EncodeSegmentHeader({.first_position = first_position, .size = size});
  ZOOMWATCH_RETURN_IF_ERROR(spare.WriteAt(0, header));
  ZOOMWATCH_RETURN_IF_ERROR(spare.SyncData());
  ZOOMWATCH_RETURN_IF_ERROR(files.Rename(folder + "/" + kSpareName, segment.path));
  ZOOMWATCH_RETURN_IF_ERROR(files.SyncFolder(folder));
  return segment;
}

}  // namespace zoomwatch::storage
