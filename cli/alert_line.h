// An alert on a terminal, or as JSON. Pure but for the stream.
#pragma once

#include <ostream>

#include "zoomwatch/alert/v1/alert.pb.h"

namespace zoomwatch::cli {

// One line: time, severity, title, entities, id, and why there is no incident of Sentinel when Azure has refused it; or, with `json`, an object with the columns of ZoomAlerts_CL. Flushes.
void PrintAlert(const alert::v1::Alert& alert, bool json, std::ostream& out);

// All of it, for people: a line for each part that it has, then its rows, then the description.
void PrintWholeAlert(const alert::v1::Alert& alert, std::ostream& out);

}  // namespace zoomwatch::cli
