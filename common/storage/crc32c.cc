#include "common/storage/crc32c.h"

#include <array>
#include <cstring>

namespace zoomwatch::storage {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Crc32cByInstruction(std::string_view bytes, uint32_t previous) {
  const char* next = bytes.data();
  size_t left = bytes.size();
  uint64_t crc = ~previous;
  for (; left >= sizeof(uint64_t); next += sizeof(uint64_t), left -= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, next, sizeof(word));
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto crc32 = static_cast<uint32_t>(crc);
  for (; left > 0; ++next, --left) crc32 = __builtin_ia32_crc32qi(crc32, static_cast<unsigned char>(*next));
  return ~crc32;
}
#endif

}  // namespace

uint32_t Crc32cByTable(std::string_view bytes, uint32_t previous) {
  uint32_t crc = ~previous;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

uint32_t Crc32c(std::string_view bytes, uint32_t previous) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return Crc32cByInstruction(bytes, previous);
#endif
  return Crc32cByTable(bytes, previous);
}

}  // namespace zoomwatch::storage
