// user.*, with sign-in and sign-out as a family of their own.
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::SignIn;
using event::v1::User;

constexpr FieldRow<User> kUserObject[] = {
    {"id", "id", &User::mutable_id},
    {"email", "email", &User::mutable_email},
    {"first_name", "first_name", &User::mutable_first_name},
    {"last_name", "last_name", &User::mutable_last_name},
    {"type", "type", &User::mutable_type},
    {"role", "role", &User::mutable_role},
    {"presence_status", "presence_status", &User::mutable_presence_status},
};

constexpr FieldRow<User> kUserPayload[] = {
    {"creation_type", "creation_type", &User::mutable_creation_type},
    {"operation", "operation", &User::mutable_operation},
};

constexpr FieldRow<SignIn> kSignIn[] = {
    {"id", "user_id", &SignIn::mutable_user_id},
    {"email", "email", &SignIn::mutable_email},
    {"client_type", "client_type", &SignIn::mutable_client_type},
    {"version", "version", &SignIn::mutable_version},
    {"login_type", "login_type", &SignIn::mutable_login_type},
    {"date_time", "date_time", &SignIn::mutable_date_time},
};

}  // namespace

void FillUser(const Reader& reader, User& user) {
  FillFields<User>(reader, reader.object(), kUserObject, user);
  FillFields<User>(reader, reader.payload(), kUserPayload, user);
}

void FillSignIn(const Reader& reader, SignIn& sign_in) { FillFields<SignIn>(reader, reader.object(), kSignIn, sign_in); }

void AppendUserDocs(std::vector<FieldDoc>& docs) {
  AppendDocs<User>("payload.object.", "User", kUserObject, docs);
  AppendDocs<User>("payload.", "User", kUserPayload, docs);
  AppendDocs<SignIn>("payload.object.", "SignIn", kSignIn, docs);
}

}  // namespace zoomwatch
