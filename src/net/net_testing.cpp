#include "net/net_testing.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include <arpa/inet.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "chatmcp/v1/delivery.pb.h"
#include "net/status.h"

#if __has_feature(thread_sanitizer)
// Asio counts references to an executor with a release and an acquire fence. ThreadSanitizer does
// not model fences, and takes the last owner's delete for a race with the owner before it.
extern "C" const char* __tsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
    return "race:boost::asio::execution::detail::shared_target_executor\n";
}
#endif

namespace chatmcp::net::testing {

namespace {

namespace asio = boost::asio;
namespace v1 = ::chatmcp::v1;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr int kReadTimeoutSeconds = 10;
constexpr long kCertificateLifetimeSeconds = 3600;

const v1::GetDeviceLogRequest& request_of(const ProtobufMessage& message) {
    return dynamic_cast<const v1::GetDeviceLogRequest&>(message);
}

class TestUnary : public UnaryMethod {
  public:
    [[nodiscard]] std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<v1::GetDeviceLogRequest>();
    }
};

class Echo final : public TestUnary {
  public:
    asio::awaitable<UnaryReply> call(CallContextPtr context,
                                     std::unique_ptr<ProtobufMessage> request) override {
        return answer(std::move(context), std::move(request));
    }

  private:
    static asio::awaitable<UnaryReply> answer(CallContextPtr context,
                                              std::unique_ptr<ProtobufMessage> request) {
        UnaryReply reply;
        auto message = std::make_shared<v1::GetDeviceLogResponse>();
        message->add_entries(request_of(*request).account());
        reply.message = std::move(message);
        reply.headers.add("x-channel-bytes", std::to_string(context->channel.size()));
        if (const auto header = context->headers.first("x-reflect")) {
            reply.trailers.add("x-reflected", *header);
        }
        if (context->headers.first("x-break").has_value()) {
            reply.headers.add("x-broken", "a\r\nx-injected: 1");
        }
        co_return reply;
    }
};

class Wait final : public TestUnary {
  public:
    explicit Wait(std::shared_ptr<std::atomic<int>> waiting) : waiting_(std::move(waiting)) {}
    asio::awaitable<UnaryReply> call(CallContextPtr /*context*/,
                                     std::unique_ptr<ProtobufMessage> /*request*/) override {
        return answer(waiting_);
    }

  private:
    static asio::awaitable<UnaryReply> answer(std::shared_ptr<std::atomic<int>> waiting) {
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, Deadline::max());
        ++*waiting;
        co_await timer.async_wait(kToken);
        --*waiting;
        co_return UnaryReply();
    }

    std::shared_ptr<std::atomic<int>> waiting_;
};

class Throw final : public TestUnary {
  public:
    asio::awaitable<UnaryReply> call(CallContextPtr /*context*/,
                                     std::unique_ptr<ProtobufMessage> request) override {
        return answer(std::move(request));
    }

  private:
    static asio::awaitable<UnaryReply> answer(std::unique_ptr<ProtobufMessage> request) {
        if (request != nullptr) {
            throw std::runtime_error("a method's own fault");
        }
        co_return UnaryReply();
    }
};

class TestStream : public StreamMethod {
  public:
    [[nodiscard]] std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<v1::GetDeviceLogRequest>();
    }
};

class Count final : public TestStream {
  public:
    explicit Count(std::shared_ptr<std::atomic<int>> waiting) : waiting_(std::move(waiting)) {}
    asio::awaitable<StreamEnd> call(CallContextPtr /*context*/,
                                    std::unique_ptr<ProtobufMessage> request,
                                    std::shared_ptr<StreamWriter> writer) override {
        return answer(waiting_, std::move(request), std::move(writer));
    }

  private:
    struct Counted {
        explicit Counted(std::shared_ptr<std::atomic<int>> in) : count(std::move(in)) { ++*count; }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { --*count; }
        std::shared_ptr<std::atomic<int>> count;
    };

    static asio::awaitable<StreamEnd> answer(std::shared_ptr<std::atomic<int>> waiting,
                                             std::unique_ptr<ProtobufMessage> request,
                                             std::shared_ptr<StreamWriter> writer) {
        const Counted counted(std::move(waiting));
        const int last = std::stoi(request_of(*request).account());
        StreamEnd end;
        end.trailers.add("x-last", std::to_string(last));
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, Deadline::max());
        if (last == 0) {
            writer->send_headers(Metadata());
            co_await timer.async_wait(kToken);
        }
        for (int i = 1; i <= last; ++i) {
            auto message = std::make_shared<v1::GetDeviceLogResponse>();
            message->add_entries(std::to_string(i));
            message->add_entries(std::string(1000, 'x'));
            const Result<void> sent = co_await writer->send(std::move(message));
            if (!sent.has_value()) {
                end.error = refusal_of(sent.error());
                co_return end;
            }
        }
        co_return end;
    }

    std::shared_ptr<std::atomic<int>> waiting_;
};

class Stubborn final : public TestStream {
  public:
    explicit Stubborn(std::promise<std::string>& result) : result_(result) {}
    asio::awaitable<StreamEnd> call(CallContextPtr /*context*/,
                                    std::unique_ptr<ProtobufMessage> /*request*/,
                                    std::shared_ptr<StreamWriter> writer) override {
        return answer(result_, std::move(writer));
    }

  private:
    static asio::awaitable<StreamEnd> answer(std::promise<std::string>& result,
                                             std::shared_ptr<StreamWriter> writer) {
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, Deadline::max());
        co_await timer.async_wait(kToken);
        const Result<void> sent =
            co_await writer->send(std::make_shared<v1::GetDeviceLogResponse>());
        result.set_value(sent.has_value() ? "sent" : sent.error().check);
        co_return StreamEnd();
    }

    std::promise<std::string>& result_;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// As the socket calls want it.
sockaddr* generic(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);  // NOLINT(*-reinterpret-cast)
}

std::string pem_of(BIO* bio) {
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
    CHATMCP_CHECK(BIO_mem_contents(bio, &data, &size) == 1);
    return to_text(ByteView(data, size));
}

}  // namespace

IoThreads::IoThreads(int threads) : io_(threads), work_(asio::make_work_guard(io_)) {
    for (int i = 0; i < threads; ++i) {
        threads_.emplace_back([this]() { io_.run(); });
    }
}

IoThreads::~IoThreads() {
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

Certificate make_certificate() {
    EVP_PKEY* key = nullptr;
    EVP_PKEY_CTX* making = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr);
    CHATMCP_CHECK(EVP_PKEY_keygen_init(making) == 1);
    CHATMCP_CHECK(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(making, NID_X9_62_prime256v1) == 1);
    CHATMCP_CHECK(EVP_PKEY_keygen(making, &key) == 1);
    EVP_PKEY_CTX_free(making);

    X509* certificate = X509_new();
    CHATMCP_CHECK(X509_set_version(certificate, X509_VERSION_3) == 1);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -kCertificateLifetimeSeconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), kCertificateLifetimeSeconds);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const std::string common_name = "localhost";
    X509_NAME_add_entry_by_txt(name,
                               "CN",
                               MBSTRING_ASC,
                               as_bytes(common_name).data(),
                               static_cast<int>(common_name.size()),
                               -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* names =
        X509V3_EXT_nconf_nid(nullptr, &context, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    CHATMCP_CHECK(names != nullptr && X509_add_ext(certificate, names, -1) == 1);
    X509_EXTENSION_free(names);
    CHATMCP_CHECK(X509_sign(certificate, key, EVP_sha256()) != 0);

    Certificate out;
    BIO* bio = BIO_new(BIO_s_mem());
    CHATMCP_CHECK(PEM_write_bio_X509(bio, certificate) == 1);
    out.certificate_pem = pem_of(bio);
    BIO_reset(bio);
    CHATMCP_CHECK(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    out.key_pem = pem_of(bio);
    BIO_free(bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return out;
}

RawClient::RawClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    CHATMCP_CHECK(socket_ >= 0);
    timeval timeout{.tv_sec = kReadTimeoutSeconds, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    sockaddr_in address = loopback(port);
    CHATMCP_CHECK(connect(socket_, generic(address), sizeof address) == 0);
}

RawClient::~RawClient() {
    ::close(socket_);
}

void RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;  // The peer has closed: what it said is there to be read.
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void RawClient::finish() {
    shutdown(socket_, SHUT_WR);
}

std::string RawClient::read_all() {
    return read_until(std::string_view());
}

std::string RawClient::read_until(std::string_view mark) {
    std::string text;
    char block[4096];
    while (mark.empty() || !text.contains(mark)) {
        const ssize_t size = recv(socket_, block, sizeof block, 0);
        if (size <= 0) {
            break;
        }
        text.append(block, static_cast<std::size_t>(size));
    }
    return text;
}

namespace {

// Listens on a free port of loopback, which goes to `port`.
int listen_on_loopback(std::uint16_t& port) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    CHATMCP_CHECK(bind(listener, generic(address), size) == 0);
    CHATMCP_CHECK(listen(listener, SOMAXCONN) == 0);
    CHATMCP_CHECK(getsockname(listener, generic(address), &size) == 0);
    port = ntohs(address.sin_port);
    return listener;
}

// A request's head, and its body if it says how long that is.
std::string receive_request(int peer) {
    constexpr std::string_view kHeadEnd = "\r\n\r\n";
    std::string text;
    char block[4096];
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted) {
        const ssize_t got = recv(peer, block, sizeof block, 0);
        if (got <= 0) {
            break;
        }
        text.append(block, static_cast<std::size_t>(got));
        const std::size_t end = text.find(kHeadEnd);
        if (end != std::string::npos && wanted == std::string::npos) {
            std::string head = text.substr(0, end);
            std::ranges::transform(head, head.begin(), [](char c) {
                return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            });
            constexpr std::string_view kLength = "content-length: ";
            const std::size_t at = head.find(kLength);
            wanted = end + kHeadEnd.size() +
                     (at == std::string::npos ? 0 : std::stoul(head.substr(at + kLength.size())));
        }
    }
    return text;
}

void answer_and_close(int peer, const std::string& text) {
    send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    shutdown(peer, SHUT_WR);
    char block[4096];
    while (recv(peer, block, sizeof block, 0) > 0) {
    }
    ::close(peer);
}

}  // namespace

CannedServer::CannedServer(std::string answer) : listener_(listen_on_loopback(port_)) {
    thread_ = std::thread([listener = listener_, text = std::move(answer)]() {
        const int peer = accept(listener, nullptr, nullptr);
        if (peer >= 0) {
            receive_request(peer);
            answer_and_close(peer, text);
        }
    });
}

CannedServer::~CannedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

JsonServer::JsonServer(Answer answer) : listener_(listen_on_loopback(port_)) {
    thread_ = std::thread([listener = listener_, answer = std::move(answer)]() {
        for (int peer = accept(listener, nullptr, nullptr); peer >= 0;
             peer = accept(listener, nullptr, nullptr)) {
            const std::string request = receive_request(peer);
            const std::string body = answer(request.substr(request.find("\r\n\r\n") + 4));
            answer_and_close(peer,
                             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             "Content-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body);
        }
    });
}

JsonServer::~JsonServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

Routes TestService::routes(std::size_t request_max_bytes) {
    Routes routes;
    routes.add_unary("/test/Echo", request_max_bytes, std::make_unique<Echo>());
    routes.add_unary("/test/Wait", request_max_bytes, std::make_unique<Wait>(waiting));
    routes.add_unary("/test/Throw", request_max_bytes, std::make_unique<Throw>());
    routes.add_stream("/test/Count", request_max_bytes, std::make_unique<Count>(waiting));
    routes.add_stream("/test/Stubborn", request_max_bytes, std::make_unique<Stubborn>(stubborn));
    routes.add_page("/page", []() { return Page{.body = "a page\n"}; });
    return routes;
}

std::string post(std::string_view path,
                 std::string_view content_type,
                 std::string_view body,
                 std::string_view more_headers) {
    std::string text = "POST ";
    text.append(path).append(" HTTP/1.1\r\nhost: localhost\r\ncontent-type: ");
    text.append(content_type).append("\r\ncontent-length: ");
    text.append(std::to_string(body.size())).append("\r\n").append(more_headers);
    return text.append("\r\n").append(body);
}

}  // namespace chatmcp::net::testing
