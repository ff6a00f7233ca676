#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "base/result.h"

namespace chatmcp::host {

/// What the host can count: frames and bytes, never what is in them.
struct HostCounters {
    std::atomic<std::uint64_t> message_frames{0};  // Envelopes in, messages and commits out.
    std::atomic<std::uint64_t> frames_in{0};
    std::atomic<std::uint64_t> frames_out{0};
    std::atomic<std::uint64_t> batches{0};
    std::atomic<std::uint64_t> restarts{0};
    std::atomic<std::uint64_t> notes{0};
};

/// GET of anything on a loopback port answers the counters in Prometheus' text format.
class MetricsPage {
  public:
    /// `counters` outlive the page. Errors: io (HST-06).
    [[nodiscard]] static Result<std::unique_ptr<MetricsPage>> start(const HostCounters& counters);
    MetricsPage(const MetricsPage&) = delete;
    MetricsPage& operator=(const MetricsPage&) = delete;
    ~MetricsPage();
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    MetricsPage(const HostCounters& counters, int listening, std::uint16_t port);
    void serve() const;

    const HostCounters& counters_;
    int listening_;
    std::uint16_t port_;
    std::thread thread_;
};

}  // namespace chatmcp::host
