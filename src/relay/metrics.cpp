#include "relay/metrics.h"

#include "base/encoding.h"

namespace chatmcp::relay {

void Metrics::count_request(std::string_view method) {
    const std::lock_guard lock(mutex_);
    ++requests_[method];
}

void Metrics::count_refusal(std::string_view method, const Error& error) {
    const std::lock_guard lock(mutex_);
    ++refusals_[{.method = method, .code = errc_name(error.code), .check = error.check}];
}

std::uint64_t Metrics::requests(std::string_view method) const {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(method);
    return found == requests_.end() ? 0 : found->second;
}

std::uint64_t Metrics::refusals(std::string_view check) const {
    const std::lock_guard lock(mutex_);
    std::uint64_t total = 0;
    for (const auto& [refusal, count] : refusals_) {
        total += refusal.check == check ? count : 0;
    }
    return total;
}

std::string Metrics::prometheus_text() const {
    const std::lock_guard lock(mutex_);
    std::string out =
        "# HELP chatmcp_relay_requests_total Requests that reached the relay.\n"
        "# TYPE chatmcp_relay_requests_total counter\n";
    for (const auto& [method, count] : requests_) {
        out += "chatmcp_relay_requests_total{method=\"" + std::string(method) + "\"} " +
               to_decimal(count) + "\n";
    }
    out +=
        "# HELP chatmcp_relay_refusals_total Requests that the relay refused, by rule.\n"
        "# TYPE chatmcp_relay_refusals_total counter\n";
    for (const auto& [refusal, count] : refusals_) {
        out += "chatmcp_relay_refusals_total{method=\"" + std::string(refusal.method) +
               "\",code=\"" + std::string(refusal.code) + "\",check=\"" +
               std::string(refusal.check) + "\"} " + to_decimal(count) + "\n";
    }
    return out;
}

}  // namespace chatmcp::relay
