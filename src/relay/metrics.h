#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace chatmcp::relay {

/// Counters of one relay: requests by method, refusals by method, code and row of docs/CHECKS.md.
/// Holds names from the program's own text only, never an id, address or size of a user.
///
/// Safe for concurrent calls.
class Metrics {
  public:
    /// `method` and `error.check` must be string literals.
    void count_request(std::string_view method);
    void count_refusal(std::string_view method, const Error& error);

    [[nodiscard]] std::uint64_t requests(std::string_view method) const;
    [[nodiscard]] std::uint64_t refusals(std::string_view check) const;

    /// Prometheus text format 0.0.4: chatmcp_relay_requests_total, chatmcp_relay_refusals_total.
    [[nodiscard]] std::string prometheus_text() const;

  private:
    struct Refusal {
        std::string_view method;
        std::string_view code;
        std::string_view check;
        friend auto operator<=>(const Refusal&, const Refusal&) = default;
    };

    mutable std::mutex mutex_;
    std::map<std::string_view, std::uint64_t> requests_;
    std::map<Refusal, std::uint64_t> refusals_;
};

}  // namespace chatmcp::relay
