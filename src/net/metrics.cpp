#include "net/metrics.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace chatmcp::net {

namespace {

using Output = std::back_insert_iterator<std::string>;

void write_head(Output out, std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(out, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

double seconds(std::uint64_t us) {
    return static_cast<double>(us) / 1e6;
}

}  // namespace

void Metrics::count_call(std::string_view method,
                         std::string_view code,
                         std::chrono::microseconds duration) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
    const auto* bucket = std::ranges::lower_bound(kBucketsUs, us);
    const auto index = static_cast<std::size_t>(bucket - kBucketsUs.begin());
    const std::lock_guard lock(mutex_);
    auto found = calls_.find(method);
    if (found == calls_.end()) {
        found = calls_.emplace(std::string(method), Calls{}).first;
    }
    Calls& calls = found->second;
    ++calls.by_code[std::string(code)];
    ++calls.buckets[index];
    calls.sum_us += us;
}

void Metrics::count_refusal(std::string_view check) {
    const std::lock_guard lock(mutex_);
    ++refusals_[std::string(check)];
}

std::uint64_t Metrics::refusals(std::string_view check) const {
    const std::lock_guard lock(mutex_);
    const auto found = refusals_.find(check);
    return found == refusals_.end() ? 0 : found->second;
}

void Metrics::add_bytes(std::uint64_t received, std::uint64_t sent) {
    bytes_received_.fetch_add(received, std::memory_order_relaxed);
    bytes_sent_.fetch_add(sent, std::memory_order_relaxed);
}

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> read) {
    const std::lock_guard lock(mutex_);
    gauges_.push_back(
        Gauge{.name = std::move(name), .help = std::move(help), .read = std::move(read)});
}

std::string Metrics::to_prometheus() const {
    std::string text;
    const Output out(text);
    write_head(out, "chatmcp_connections", "gauge", "Open connections.");
    fmt::format_to(out, "chatmcp_connections {}\n", connections_.load());
    write_head(out, "chatmcp_streams", "gauge", "Open server streams.");
    fmt::format_to(out, "chatmcp_streams {}\n", streams_.load());
    write_head(out, "chatmcp_body_bytes_total", "counter", "Bytes of bodies.");
    fmt::format_to(out,
                   "chatmcp_body_bytes_total{{direction=\"received\"}} {}\n"
                   "chatmcp_body_bytes_total{{direction=\"sent\"}} {}\n",
                   bytes_received_.load(),
                   bytes_sent_.load());
    const std::lock_guard lock(mutex_);
    write_head(out, "chatmcp_calls_total", "counter", "Answered calls.");
    for (const auto& [method, calls] : calls_) {
        for (const auto& [code, count] : calls.by_code) {
            fmt::format_to(
                out, "chatmcp_calls_total{{method=\"{}\",code=\"{}\"}} {}\n", method, code, count);
        }
    }
    write_head(out, "chatmcp_call_seconds", "histogram", "Time from request to answer.");
    for (const auto& [method, calls] : calls_) {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < calls.buckets.size(); ++i) {
            count += calls.buckets[i];
            const std::string bound =
                i < kBucketsUs.size() ? fmt::format("{}", seconds(kBucketsUs[i])) : "+Inf";
            fmt::format_to(out,
                           "chatmcp_call_seconds_bucket{{method=\"{}\",le=\"{}\"}} {}\n",
                           method,
                           bound,
                           count);
        }
        fmt::format_to(out,
                       "chatmcp_call_seconds_sum{{method=\"{0}\"}} {1}\n"
                       "chatmcp_call_seconds_count{{method=\"{0}\"}} {2}\n",
                       method,
                       seconds(calls.sum_us),
                       count);
    }
    write_head(out, "chatmcp_refusals_total", "counter", "Refusals by row of docs/CHECKS.md.");
    for (const auto& [check, count] : refusals_) {
        fmt::format_to(out, "chatmcp_refusals_total{{check=\"{}\"}} {}\n", check, count);
    }
    for (const Gauge& gauge : gauges_) {
        write_head(out, gauge.name, "gauge", gauge.help);
        fmt::format_to(out, "{} {}\n", gauge.name, gauge.read());
    }
    return text;
}

}  // namespace chatmcp::net
