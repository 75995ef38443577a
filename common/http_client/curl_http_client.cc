#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "common/http_client/http_client.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/sync/mutex.h"

namespace zoomwatch {
namespace {

// How long the wait for the network lasts before it is taken up again; a stop ends it at once.
constexpr int kPollMilliseconds = 1000;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

// A multi handle owns the connections that its easy handle makes. It is used instead of the easy interface because its
// waits can be ended from another thread.
struct Session {
  std::unique_ptr<CURLM, MultiDeleter> multi{curl_multi_init()};
  std::unique_ptr<CURL, EasyDeleter> easy{curl_easy_init()};
};

// Header lines for one call; wiped afterwards, because the bearer token is among them.
class HeaderList {
 public:
  explicit HeaderList(const HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
      std::string line = fmt::format("{}: {}", name, value);
      Append(line);
      OPENSSL_cleanse(line.data(), line.size());
    }
    Append("Expect:");  // curl would wait a second for "100 Continue" before a large body
  }
  ~HeaderList() {
    for (curl_slist* item = list_; item != nullptr; item = item->next)
      OPENSSL_cleanse(item->data, std::strlen(item->data));
    curl_slist_free_all(list_);
  }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  curl_slist* get() const { return list_; }

 private:
  void Append(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    ZOOMWATCH_CHECK(longer != nullptr);
    list_ = longer;
  }
  curl_slist* list_ = nullptr;
};

struct Reception {
  const HttpClientOptions& options;
  HttpResponse response;
  size_t header_bytes = 0;
};

std::string_view Strip(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

size_t OnHeader(const char* bytes, size_t, size_t size, void* context) {
  auto& reception = *static_cast<Reception*>(context);
  reception.header_bytes += size;
  if (reception.header_bytes > reception.options.max_header_bytes) return 0;  // ends the call
  const std::string_view line(bytes, size);
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    reception.response.headers.clear();  // an interim answer or a proxy's came before
  } else if (colon != std::string_view::npos) {
    reception.response.headers.emplace_back(Strip(line.substr(0, colon)), Strip(line.substr(colon + 1)));
  }
  return size;
}

size_t OnBody(const char* bytes, size_t, size_t size, void* context) {
  auto& reception = *static_cast<Reception*>(context);
  std::string& body = reception.response.body;
  const size_t taken = std::min(size, reception.options.max_response_bytes - body.size());
  body.append(bytes, taken);
  if (taken == size) return size;
  reception.response.body_cut = true;
  return 0;  // ends the call; Send() knows by body_cut that this was us
}

bool IsAboutTrust(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
         code == CURLE_SSL_INVALIDCERTSTATUS;
}

// Scheme, host and port: what an error may say of a URL.
std::string_view OriginOf(std::string_view url) {
  const size_t host = url.find("://");
  return host == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?#", host + 3));
}

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(HttpClientOptions options) : options_(std::move(options)) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    ZOOMWATCH_CHECK(initialised == CURLE_OK);
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token& stop) override {
    std::unique_ptr<Session> session = Take();
    Reception reception{.options = options_, .response = {}};
    char error_text[CURL_ERROR_SIZE] = "";
    const HeaderList headers(request);
    SetUp(session->easy.get(), request, headers, reception, error_text);
    const std::optional<CURLcode> code = Perform(*session, stop);
    long status = 0;
    curl_easy_getinfo(session->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_reset(session->easy.get());  // forgets pointers into this frame, keeps connections
    GiveBack(std::move(session));
    if (!code.has_value()) return Error(Reason::kShuttingDown, "call ended by a stop");
    if (*code != CURLE_OK && !reception.response.body_cut) {
      const std::string_view detail = error_text[0] != '\0' ? error_text : curl_easy_strerror(*code);
      return Error(IsAboutTrust(*code) ? Reason::kHttpServerUntrusted : Reason::kHttpCallFailed,
                   fmt::format("{}: {}", OriginOf(request.url), detail));
    }
    reception.response.status = static_cast<int>(status);
    return std::move(reception.response);
  }

 private:
  std::unique_ptr<Session> Take() {
    MutexLock lock(mutex_);
    if (idle_.empty()) return std::make_unique<Session>();
    std::unique_ptr<Session> session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }
  void GiveBack(std::unique_ptr<Session> session) {
    MutexLock lock(mutex_);
    idle_.push_back(std::move(session));
  }

  void SetUp(CURL* easy, const HttpRequest& request, const HeaderList& headers, Reception& reception,
             char* error_text) const {
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "zoomwatch");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // these authorities and no others
    }
    if (request.direct) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    // curl sends a request again when a connection that it had kept ends without a byte of the answer.
    if (request.once) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data() != nullptr ? request.body.data() : "");
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      if (request.method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    // 0 would mean "for ever" to curl.
    const auto milliseconds = [](absl::Duration time) {
      return static_cast<long>(std::max<int64_t>(1, absl::ToInt64Milliseconds(time)));
    };
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request.timeout));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_timeout));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &reception);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reception);
  }

  // nullopt: stopped.
  static std::optional<CURLcode> Perform(Session& session, const std::stop_token& stop) {
    CURLM* multi = session.multi.get();
    if (stop.stop_requested()) return std::nullopt;
    curl_multi_add_handle(multi, session.easy.get());
    std::optional<CURLcode> code;
    {
      const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
      int running = 1;
      while (!stop.stop_requested()) {
        if (curl_multi_perform(multi, &running) != CURLM_OK || running == 0) break;
        curl_multi_poll(multi, nullptr, 0, kPollMilliseconds, nullptr);
      }
      if (running == 0) code = ResultOf(multi);
    }
    curl_multi_remove_handle(multi, session.easy.get());  // also cuts the connection of a call that is under way
    if (!code.has_value() && !stop.stop_requested()) return CURLE_FAILED_INIT;
    return code;
  }

  static std::optional<CURLcode> ResultOf(CURLM* multi) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    return std::nullopt;
  }

  const HttpClientOptions options_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<HttpClient> MakeHttpClient(HttpClientOptions options) {
  return std::make_unique<CurlHttpClient>(std::move(options));
}

}  // namespace zoomwatch
