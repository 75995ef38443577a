// CRC-32C (Castagnoli), the checksum of iSCSI, ext4 and RocksDB. Pure and thread-safe.
// Source: RFC 3720 appendix B.4. Uses the processor's instruction where there is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace zoomwatch::storage {

// Checksum of `bytes` behind what `previous` is the checksum of: Crc32c(b, Crc32c(a)) is that of a and b together.
uint32_t Crc32c(std::string_view bytes, uint32_t previous = 0);

// The same by table only, to compare with.
uint32_t Crc32cByTable(std::string_view bytes, uint32_t previous = 0);

}  // namespace zoomwatch::storage
