// account.*
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::Account;
using json::NodeIndex;
using json::Type;

constexpr FieldRow<Account> kAccountObject[] = {
    {"id", "id", &Account::mutable_id},
    {"account_name", "name", &Account::mutable_name},
    {"owner_id", "owner_id", &Account::mutable_owner_id},
    {"owner_email", "owner_email", &Account::mutable_owner_email},
    {"email", "owner_email", &Account::mutable_owner_email},
};

constexpr FieldRow<Account> kAccountPayload[] = {
    {"operation", "operation", &Account::mutable_operation},
};

// Adds the dotted paths of everything below `value` that is not an object with members. False: the list is full.
template <typename List>
bool AddLeafPaths(const json::Document& document, NodeIndex value, std::string& path, List& list) {
  const NodeIndex end = document.end_of(value);
  const bool leaf = document.at(value).type != Type::kObject || end == value + 1;
  if (leaf) return list.Add(path);
  const size_t length = path.size();
  for (NodeIndex child = json::Document::first_child(value); child != end; child = document.at(child).next) {
    if (!path.empty()) path += '.';
    path += document.at(child).key;
    const bool added = AddLeafPaths(document, child, path, list);
    path.resize(length);
    if (!added) return false;
  }
  return true;
}

}  // namespace

void FillAccount(const Reader& reader, Account& account) {
  FillFields<Account>(reader, reader.object(), kAccountObject, account);
  FillFields<Account>(reader, reader.payload(), kAccountPayload, account);
  const NodeIndex settings = reader.Find(reader.object(), "settings");
  if (settings == json::kNoNode || reader.document().end_of(settings) == settings + 1) return;
  BoundedList list(*account.mutable_changed_settings());
  std::string path;
  if (reader.document().at(settings).type == Type::kObject) AddLeafPaths(reader.document(), settings, path, list);
}

void AppendAccountDocs(std::vector<FieldDoc>& docs) {
  AppendDocs<Account>("payload.object.", "Account", kAccountObject, docs);
  AppendDocs<Account>("payload.", "Account", kAccountPayload, docs);
  docs.push_back({"payload.object.settings", "Account", "changed_settings", "dotted paths of its leaves; an array is one leaf"});
}

}  // namespace zoomwatch
