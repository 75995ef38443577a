// CPU time that threads have used. Thread-safe.
#pragma once

namespace zoomwatch {

// Of the calling thread since it began, in seconds.
double ThreadCpuSeconds();

}  // namespace zoomwatch
