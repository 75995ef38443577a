// Digests of the text form of a value, as lower-case hexadecimal digits.
#include <openssl/evp.h>

#include <array>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

template <const EVP_MD* (*kDigest)()>
Value Digest(Call&, Args args) {
  const TextArgument text(args[0]);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Fails only where a provider forbids the algorithm: then there is no digest to give.
  if (EVP_Digest(text.view().data(), text.view().size(), digest.data(), &size, kDigest(), nullptr) != 1) return Value();
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += {"0123456789abcdef"[digest[i] >> 4], "0123456789abcdef"[digest[i] & 15]};
  }
  return Value::String(hex);
}

}  // namespace

void RegisterHashFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "hash_md5", .overloads = {{"not-dynamic", "string", Digest<EVP_md5>}}});
  registry.Add({.name = "hash_sha1", .overloads = {{"not-dynamic", "string", Digest<EVP_sha1>}}});
  registry.Add({.name = "hash_sha256", .overloads = {{"not-dynamic", "string", Digest<EVP_sha256>}}});
}

}  // namespace zoomwatch::kql
