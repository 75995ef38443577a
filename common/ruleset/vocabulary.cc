#include "common/ruleset/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/kql/diagnostic.h"
#include "common/ruleset/rule.h"

namespace zoomwatch::ruleset {
namespace {

constexpr std::size_t kMaxListedWords = 20;

constexpr std::string_view kTactics[] = {
    "Reconnaissance",   "ResourceDevelopment", "InitialAccess",   "Execution",  "Persistence",
    "PrivilegeEscalation", "DefenseEvasion",   "CredentialAccess", "Discovery", "LateralMovement",
    "Collection",       "CommandAndControl",   "Exfiltration",    "Impact",     "Stealth",
    "DefenseImpairment", "Evasion",            "PreAttack",       "ImpairProcessControl", "InhibitResponseFunction"};

// The replaced techniques that older rule files still name.
constexpr std::pair<std::string_view, std::string_view> kSuccessors[] = {
    {"T1028", "T1021.006"}, {"T1035", "T1569.002"}, {"T1050", "T1543.003"}, {"T1060", "T1547.001"}, {"T1064", "T1059"},
    {"T1075", "T1550.002"}, {"T1076", "T1021.001"}, {"T1077", "T1021.002"}, {"T1081", "T1552.001"}, {"T1085", "T1218.011"},
    {"T1086", "T1059.001"}, {"T1088", "T1548.002"}, {"T1089", "T1562.001"}, {"T1097", "T1550.003"}, {"T1099", "T1070.006"},
    {"T1100", "T1505.003"}, {"T1107", "T1070.004"}, {"T1109", "T1542.002"}, {"T1117", "T1218.010"}, {"T1118", "T1218.004"},
    {"T1145", "T1552.004"}, {"T1158", "T1564.001"}, {"T1170", "T1218.005"}, {"T1171", "T1557.001"}, {"T1192", "T1566.002"},
    {"T1193", "T1566.001"}, {"T1194", "T1566.003"}, {"T1208", "T1558.003"}, {"T1214", "T1552.002"}};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::span<const EntityType> EntityTypes() {
  static const std::vector<EntityType>& types = *new std::vector<EntityType>{
      {"Account",
       {"Name", "FullName", "NTDomain", "DnsDomain", "UPNSuffix", "Sid", "AadTenantId", "AadUserId", "PUID", "IsDomainJoined", "DisplayName",
        "ObjectGuid"},
       {"FullName", "Sid", "Name", "AadUserId", "PUID", "ObjectGuid"}},
      {"AzureResource", {"ResourceId"}, {"ResourceId"}},
      {"CloudApplication", {"AppId", "Name", "InstanceName"}, {"AppId", "Name"}},
      {"DNS", {"DomainName"}, {"DomainName"}},
      {"File", {"Directory", "Name"}, {"Name"}},
      {"FileHash", {"Algorithm", "Value"}, {"Value"}},
      {"Host",
       {"DnsDomain", "NTDomain", "HostName", "FullName", "NetBiosName", "AzureID", "OMSAgentID", "OSFamily", "OSVersion", "IsDomainJoined"},
       {"FullName", "HostName", "NetBiosName", "AzureID", "OMSAgentID"}},
      {"IP", {"Address", "AddressScope"}, {"Address"}},
      {"IoTDevice",
       {"DeviceId", "DeviceName", "Manufacturer", "Model", "FirmwareVersion", "OperatingSystem", "MacAddress", "Protocols", "SerialNumber",
        "Source", "IoTSecurityAgentId", "DeviceType"},
       {"DeviceId"}},
      {"MailCluster",
       {"NetworkMessageIds", "CountByDeliveryStatus", "CountByThreatType", "CountByProtectionStatus", "Threats", "Query", "QueryTime",
        "MailCount", "IsVolumeAnomaly", "Source", "ClusterSourceIdentifier", "ClusterSourceType", "ClusterQueryStartTime",
        "ClusterQueryEndTime", "ClusterGroup"},
       {"Query", "Source"}},
      {"MailMessage",
       {"Recipient", "Urls", "Threats", "Sender", "P1Sender", "P1SenderDisplayName", "P1SenderDomain", "SenderIP", "P2Sender",
        "P2SenderDisplayName", "P2SenderDomain", "ReceivedDate", "NetworkMessageId", "InternetMessageId", "Subject", "BodyFingerprintBin1",
        "BodyFingerprintBin2", "BodyFingerprintBin3", "BodyFingerprintBin4", "BodyFingerprintBin5", "AntispamDirection", "DeliveryAction",
        "DeliveryLocation", "Language", "ThreatDetectionMethods"},
       {"NetworkMessageId", "Recipient"}},
      {"Mailbox", {"MailboxPrimaryAddress", "DisplayName", "Upn", "ExternalDirectoryObjectId", "RiskLevel"}, {"MailboxPrimaryAddress"}},
      {"Malware", {"Name", "Category"}, {"Name"}},
      {"Process", {"ProcessId", "CommandLine", "ElevationToken", "CreationTimeUtc"}, {"ProcessId", "CommandLine"}},
      {"RegistryKey", {"Hive", "Key"}, {"Hive", "Key"}},
      {"RegistryValue", {"Name", "Value", "ValueType"}, {"Name"}},
      {"SecurityGroup", {"DistinguishedName", "SID", "ObjectGuid"}, {"DistinguishedName", "SID", "ObjectGuid"}},
      {"SubmissionMail",
       {"NetworkMessageId", "Timestamp", "Recipient", "Sender", "SenderIp", "Subject", "ReportType", "SubmissionId", "SubmissionDate",
        "Submitter"},
       {"SubmissionId", "NetworkMessageId"}},
      {"URL", {"Url"}, {"Url"}},
  };
  return types;
}

std::span<const std::string_view> Tactics() { return kTactics; }

std::string_view SuccessorOf(std::string_view technique) {
  for (const auto& [retired, successor] : kSuccessors) {
    if (technique == retired) return successor;
  }
  return "";
}

std::string_view FindWord(std::span<const std::string_view> words, std::string_view text) {
  for (const std::string_view word : words) {
    if (EqualIgnoringCase(word, text)) return word;
  }
  return "";
}

std::string UnknownWord(std::span<const std::string_view> words, std::string_view text) {
  const std::string_view nearest = kql::Nearest(text, {words.begin(), words.end()});
  if (!nearest.empty()) return fmt::format("'{}' is unknown, did you mean '{}'?", text, nearest);
  if (words.size() > kMaxListedWords) return fmt::format("'{}' is unknown", text);
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return fmt::format("'{}' is unknown, known are {}", text, list);
}

std::string_view KindName(RuleKind kind) {
  switch (kind) {
    case RuleKind::kScheduled: return "Scheduled";
    case RuleKind::kNrt: return "NRT";
    case RuleKind::kHunting: return "hunting";
  }
  __builtin_unreachable();
}

std::string_view SeverityName(AlertSeverity severity) {
  switch (severity) {
    case AlertSeverity::kInformational: return "Informational";
    case AlertSeverity::kLow: return "Low";
    case AlertSeverity::kMedium: return "Medium";
    case AlertSeverity::kHigh: return "High";
  }
  __builtin_unreachable();
}

std::string_view TriggerOperatorName(TriggerOperator trigger) {
  switch (trigger) {
    case TriggerOperator::kGreaterThan: return "gt";
    case TriggerOperator::kLessThan: return "lt";
    case TriggerOperator::kEqual: return "eq";
    case TriggerOperator::kNotEqual: return "ne";
  }
  __builtin_unreachable();
}

std::string_view AggregationName(Aggregation aggregation) {
  switch (aggregation) {
    case Aggregation::kSingleAlert: return "SingleAlert";
    case Aggregation::kAlertPerResult: return "AlertPerResult";
  }
  __builtin_unreachable();
}

std::string_view GroupingMethodName(GroupingMethod method) {
  switch (method) {
    case GroupingMethod::kAllEntities: return "AllEntities";
    case GroupingMethod::kAnyAlert: return "AnyAlert";
    case GroupingMethod::kSelected: return "Selected";
  }
  __builtin_unreachable();
}

}  // namespace zoomwatch::ruleset
