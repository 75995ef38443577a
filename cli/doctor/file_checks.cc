#include "cli/doctor/file_checks.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "common/config/config.h"
#include "common/crypto/certificate.h"
#include "common/crypto/secret_file.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "zoomwatch/config/v1/all_in_one.pb.h"
#include "zoomwatch/config/v1/common.pb.h"
#include "zoomwatch/config/v1/detector.pb.h"
#include "zoomwatch/config/v1/normalizer.pb.h"
#include "zoomwatch/config/v1/option_rule.pb.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch::cli {
namespace {

namespace pb = google::protobuf;

constexpr absl::Duration kExpiryNotice = absl::Hours(14 * 24);
constexpr uint64_t kLeastFreeBytes = uint64_t{256} << 20;

constexpr std::string_view kServices[] = {"receiver", "normalizer", "detector", "run"};

std::unique_ptr<pb::Message> NewConfig(std::string_view service) {
  if (service == "receiver") return std::make_unique<config::v1::Receiver>();
  if (service == "normalizer") return std::make_unique<config::v1::Normalizer>();
  if (service == "detector") return std::make_unique<config::v1::Detector>();
  ZOOMWATCH_CHECK(service == "run");
  return std::make_unique<config::v1::AllInOne>();
}

std::string RemedyOf(const absl::Status& status) {
  switch (ReasonOf(status).value_or(Reason::kConfigMalformed)) {
    case Reason::kConfigUnreadable:
      return "give the path of the file, and let the service's user read it";
    case Reason::kSecretUnreadable:
    case Reason::kSecretEmpty:
      return "put the file there, not empty and readable for the service's user; in Kubernetes, check that the Secret "
             "exists, has that "
             "key and is mounted";
    default:
      return "correct what is named; docs/configuration.md has every option with its limits";
  }
}

// Calls `visit` for the message and every message in it, with its path ("webhook.tls").
void ForEachMessage(const pb::Message& message, const std::string& path,
                    const std::function<void(const std::string& path, const pb::Message&)>& visit) {
  visit(path, message);
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string name = path.empty() ? field->name() : path + "." + field->name();
    if (!field->is_repeated()) ForEachMessage(reflection.GetMessage(message, field), name, visit);
    for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
      ForEachMessage(reflection.GetRepeatedMessage(message, field, i), fmt::format("{}[{}]", name, i), visit);
    }
  }
}

// Certificates and authorities are public; every other file that must exist holds a secret.
bool HoldsSecret(const pb::FieldDescriptor& field) {
  return field.options().GetExtension(config::v1::rule).existing_file() && field.name() != "certificate_file" &&
         field.name() != "client_ca_file" && field.name() != "ca_file";
}

std::vector<std::string> ValuesOf(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<std::string> values;
  if (!field.is_repeated()) {
    values.push_back(reflection.GetString(message, &field));
  } else {
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i)
      values.push_back(reflection.GetRepeatedString(message, &field, i));
  }
  values.erase(std::remove(values.begin(), values.end(), std::string()), values.end());
  return values;
}

// True when nothing is wrong with the file.
bool CheckSecretFile(const std::string& option, const std::string& file, Checks& checks) {
  if (const absl::Status status = ReadSecretFile(file).status(); !status.ok()) {
    Fail(checks, "secrets", fmt::format("{}: {}", option, std::string(status.message())), RemedyOf(status));
    return false;
  }
  struct stat state {};
  if (stat(file.c_str(), &state) == 0 && (state.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    Fail(checks, "secrets",
         fmt::format("{}: {} is open to every user of the machine (mode {:03o})", option, file, state.st_mode & 0777u),
         fmt::format("chmod o= {}; in Kubernetes, defaultMode: 0440 of the volume; and renew the secret if others use "
                     "the machine",
                     file));
    return false;
  }
  return true;
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

// The certificate that we show; `public_port`: to Zoom.
void CheckOwnCertificate(const std::string& option, const std::string& certificate, const std::string& key,
                         bool public_port, absl::Time now, Checks& checks) {
  if (const absl::Status status = CheckCertificatePair(certificate, key, now); !status.ok()) {
    const bool is_key = std::string(status.message()).starts_with(key + ":");
    return Fail(
        checks, "certificate", fmt::format("{}: {}", option, std::string(status.message())),
        is_key ? "put the private key that belongs to the certificate there, as PEM without a passphrase"
               : "renew the certificate (leaf first, as PEM); with cert-manager, look at the Certificate's events");
  }
  if (const absl::Status status = CheckChain(certificate); !status.ok()) {
    return Fail(checks, "certificate", fmt::format("{}: {}", option, std::string(status.message())),
                "put the leaf first and behind each certificate the one that issued it; the root may be left out");
  }
  const absl::StatusOr<absl::Time> expiry = CertificateExpiry(certificate);
  if (!expiry.ok())
    return Fail(checks, "certificate", fmt::format("{}: {}", option, Describe(expiry.status())),
                "renew the certificate");
  if (*expiry - now < kExpiryNotice) {
    return Warn(checks, "certificate", fmt::format("{}: {} expires on {}", option, certificate, Day(*expiry)),
                "renew it; the service takes a new file over by itself");
  }
  if (public_port && !CheckPublicTrust(certificate, now).ok()) {
    return Warn(
        checks, "certificate",
        fmt::format("{}: {} does not chain to a public authority that this machine knows", option, certificate),
        "Zoom delivers only to certificates of public authorities: get one, or end TLS in front of the receiver");
  }
  Pass(checks, "certificate", fmt::format("{}: {}, with its key, until {}", option, certificate, Day(*expiry)));
}

void CheckAuthority(const std::string& option, const std::string& file, Checks& checks) {
  if (file.empty()) return;
  const absl::Status status = CheckAuthorities(file);
  if (status.ok()) return Pass(checks, "certificate", fmt::format("{}: {}", option, file));
  Fail(checks, "certificate", fmt::format("{}: {}", option, std::string(status.message())),
       "put the certificate of the authority there, as PEM");
}

// What is in the folder, or will be in it once it is made. 0 when it is not there.
uint64_t BytesIn(const std::filesystem::path& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code no_size;
    const uint64_t size = at->is_regular_file(no_size) ? at->file_size(no_size) : 0;
    if (!no_size) bytes += size;
  }
  return bytes;
}

void CheckFolder(const std::string& option, const std::filesystem::path& folder, uint64_t limit_bytes, Checks& checks) {
  std::filesystem::path existing = folder.empty() ? std::filesystem::path(".") : folder;
  std::error_code error;
  while (!std::filesystem::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  struct statvfs state {};
  if (!std::filesystem::is_directory(existing, error) || access(existing.c_str(), W_OK | X_OK) != 0 ||
      statvfs(existing.c_str(), &state) != 0) {
    return Fail(checks, "disk", fmt::format("{}: {} cannot be written to", option, existing.string()),
                "name a folder that the service's user may write to; in Kubernetes, check the volume and fsGroup");
  }
  Check check = JudgeRoom(folder.string(), uint64_t{state.f_bavail} * state.f_frsize, BytesIn(folder), limit_bytes);
  check.finding = option + ": " + check.finding;
  checks.push_back(std::move(check));
}

bool OnlyThisMachine(const std::string& listen_address) {
  return listen_address.starts_with("127.") || listen_address.starts_with("localhost:") || listen_address.starts_with("[::1]:");
}

std::string Size(uint64_t bytes) {
  constexpr double kMiB = 1 << 20;
  const double mib = static_cast<double>(bytes) / kMiB;
  return mib < 1024 ? fmt::format("{:.0f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
}

}  // namespace

LoadedConfig CheckConfig(const std::string& file, std::string_view service, Checks& checks) {
  // Of several failures, the one of the service whose options were misspelt least is the one to show.
  LoadedConfig best;
  absl::Status least;
  size_t least_faults = SIZE_MAX;
  for (const std::string_view candidate : kServices) {
    if (!service.empty() && candidate != service) continue;
    std::unique_ptr<pb::Message> config = NewConfig(candidate);
    const absl::Status status = LoadConfigFile(file, config.get());
    if (status.ok()) {
      Pass(checks, "config", fmt::format("{}: valid for {}", file, candidate));
      return {.service = std::string(candidate), .config = std::move(config)};
    }
    const auto faults = static_cast<size_t>(std::count(status.message().begin(), status.message().end(), '\n'));
    if (faults >= least_faults) continue;
    least_faults = faults;
    least = status;
    best.service = std::string(candidate);
  }
  Fail(checks, "config", fmt::format("as the configuration of {}:\n{}", best.service, std::string(least.message())),
       RemedyOf(least));
  return best;
}

void CheckSecrets(const pb::Message& config, Checks& checks) {
  size_t good = 0;
  bool all_good = true;
  ForEachMessage(config, "", [&](const std::string& path, const pb::Message& message) {
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.GetDescriptor()->field(i);
      if (!HoldsSecret(field)) continue;
      for (const std::string& file : ValuesOf(message, field)) {
        if (CheckSecretFile(path.empty() ? field.name() : path + "." + field.name(), file, checks)) {
          ++good;
        } else {
          all_good = false;
        }
      }
    }
  });
  if (all_good && good > 0)
    Pass(checks, "secrets", fmt::format("secret files: {}, readable and closed to others", good));
}

void CheckCertificates(const pb::Message& config, absl::Time now, Checks& checks) {
  ForEachMessage(config, "", [&](const std::string& path, const pb::Message& message) {
    if (const auto* server = dynamic_cast<const config::v1::ServerTls*>(&message)) {
      CheckOwnCertificate(path, server->certificate_file(), server->private_key_file(), path == "webhook.tls", now,
                          checks);
      CheckAuthority(path + ".client_ca_file", server->client_ca_file(), checks);
    }
    if (const auto* client = dynamic_cast<const config::v1::ClientTls*>(&message)) {
      if (!client->certificate_file().empty()) {
        CheckOwnCertificate(path, client->certificate_file(), client->private_key_file(), false, now, checks);
      }
      CheckAuthority(path + ".ca_file", client->ca_file(), checks);
    }
  });
}

void CheckAccess(const pb::Message& config, Checks& checks) {
  ForEachMessage(config, "", [&](const std::string& path, const pb::Message& message) {
    const auto* const server = dynamic_cast<const config::v1::GrpcServer*>(&message);
    if (server == nullptr || OnlyThisMachine(server->listen_address())) return;
    const std::string where = fmt::format("{}: {}", path, server->listen_address());
    if (server->has_tls() && !server->tls().client_ca_file().empty()) {
      return Pass(checks, "access", where + " takes clients with a certificate" +
                                        (server->allowed_client_names().empty() ? " of its authority, whatever their name" : " and a name of its list"));
    }
    Warn(checks, "access", where + " takes everybody who reaches it, for events to store as well as for all that is stored",
         "set tls.client_ca_file and allowed_client_names; a mesh that lets in nobody else is the only place for less");
  });
}

Check JudgeRoom(const std::string& folder, uint64_t free_bytes, uint64_t used_bytes, uint64_t limit_bytes) {
  if (free_bytes < kLeastFreeBytes) {
    return {Verdict::kFailed, "disk", fmt::format("{} has {} left", folder, Size(free_bytes)),
            "make room or grow the volume; when the disk is full, webhooks are answered 503 and Zoom gives up after 85 "
            "minutes"};
  }
  const uint64_t to_come = limit_bytes > used_bytes ? limit_bytes - used_bytes : 0;
  if (to_come > free_bytes) {
    return {Verdict::kWarning, "disk",
            fmt::format("{} has {} left, but may grow by {}", folder, Size(free_bytes), Size(to_come)),
            "grow the volume, or lower max_disk_bytes so that the bound is reached before the disk is full"};
  }
  return {Verdict::kOk, "disk", fmt::format("{} has {} left", folder, Size(free_bytes)), {}};
}

void CheckDisk(const pb::Message& config, Checks& checks) {
  ForEachMessage(config, "", [&](const std::string& path, const pb::Message& message) {
    if (const auto* spool = dynamic_cast<const config::v1::Spool*>(&message)) {
      CheckFolder(path + ".directory", spool->directory(), static_cast<uint64_t>(spool->max_disk_bytes()), checks);
    }
    if (const auto* store = dynamic_cast<const config::v1::EventStore*>(&message)) {
      CheckFolder(path + ".directory", store->directory(), static_cast<uint64_t>(store->max_disk_bytes()), checks);
    }
    if (const auto* sink = dynamic_cast<const config::v1::JsonLinesSink*>(&message)) {
      CheckFolder(path + ".file", std::filesystem::path(sink->file()).parent_path(), 0, checks);
    }
  });
}

}  // namespace zoomwatch::cli
