#include "host/metrics_page.h"

#include <array>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace chatmcp::host {
namespace {

constexpr int kReadTimeoutS = 2;

std::string page_of(const HostCounters& counters) {
    std::string page;
    const auto add = [&](const char* name, const char* help, std::uint64_t value) {
        page += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " counter\n" +
                name + " " + std::to_string(value) + "\n";
    };
    add("chatmcp_door_message_frames_total",
        "Envelopes of topics in, messages and commits out.",
        counters.message_frames.load());
    add("chatmcp_door_frames_in_total", "Frames to the enclave.", counters.frames_in.load());
    add("chatmcp_door_frames_out_total", "Frames from the enclave.", counters.frames_out.load());
    add("chatmcp_store_batches_total", "Sealed batches made durable.", counters.batches.load());
    add("chatmcp_enclave_restarts_total", "Starts after the first.", counters.restarts.load());
    add("chatmcp_enclave_notes_total", "Notes of the enclave.", counters.notes.load());
    return page;
}

void answer(int connection, const HostCounters& counters) {
    const timeval timeout{.tv_sec = kReadTimeoutS, .tv_usec = 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    std::array<char, 4096> request{};
    if (::recv(connection, request.data(), request.size(), 0) > 0) {
        const std::string body = page_of(counters);
        const std::string reply =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
            "Content-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body;
        static_cast<void>(::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL));
    }
    ::close(connection);
}

}  // namespace

Result<std::unique_ptr<MetricsPage>> MetricsPage::start(const HostCounters& counters) {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT(*-reinterpret-cast)
    constexpr int kWaitingMax = 16;
    if (listening < 0 || ::bind(listening, generic, size) != 0 ||
        ::listen(listening, kWaitingMax) != 0 || ::getsockname(listening, generic, &size) != 0) {
        return fail(Errc::io, "HST-06");
    }
    return std::unique_ptr<MetricsPage>(
        new MetricsPage(counters, listening, ::ntohs(address.sin_port)));
}

MetricsPage::MetricsPage(const HostCounters& counters, int listening, std::uint16_t port)
    : counters_(counters), listening_(listening), port_(port), thread_([this] { serve(); }) {}

MetricsPage::~MetricsPage() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
}

void MetricsPage::serve() const {
    while (true) {
        const int connection = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) {
            return;
        }
        answer(connection, counters_);
    }
}

}  // namespace chatmcp::host
