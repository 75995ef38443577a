// What `zoomwatch volume` prints of a measurement. Pure and thread-safe.
#pragma once

#include <string>

#include "zoomwatch/volume/v1/volume_service.pb.h"

namespace zoomwatch::cli {

// Rows, bytes and gigabytes a day: without routes, with those in force and, when there are some, with the proposed ones.
std::string VolumeTable(const volume::v1::MeasureVolumeResponse& volume);
std::string VolumeJson(const volume::v1::MeasureVolumeResponse& volume);

}  // namespace zoomwatch::cli
