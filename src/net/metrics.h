#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace chatmcp::net {

/// Counters of a server, safe from all threads, written as Prometheus text (exposition format
/// 0.0.4). Labels are names of methods, codes and CHECKS rows of ours, never what a peer sent.
class Metrics {
  public:
    /// Upper bounds of the duration histogram, in microseconds.
    static constexpr std::array<std::uint64_t, 12> kBucketsUs = {250,
                                                                 500,
                                                                 1'000,
                                                                 2'500,
                                                                 5'000,
                                                                 10'000,
                                                                 25'000,
                                                                 50'000,
                                                                 100'000,
                                                                 500'000,
                                                                 2'000'000,
                                                                 10'000'000};

    /// One answered call: `method` a registered path, `code` "ok" or a Connect code.
    void count_call(std::string_view method,
                    std::string_view code,
                    std::chrono::microseconds duration);
    /// One refusal, by its row of docs/CHECKS.md, counted where it is turned into an answer.
    void count_refusal(std::string_view check);

    void add_bytes(std::uint64_t received, std::uint64_t sent);
    void connection_opened() { connections_.fetch_add(1); }
    void connection_closed() { connections_.fetch_sub(1); }
    void stream_opened() { streams_.fetch_add(1); }
    void stream_closed() { streams_.fetch_sub(1); }

    [[nodiscard]] std::uint64_t refusals(std::string_view check) const;
    [[nodiscard]] std::int64_t connections() const { return connections_.load(); }
    [[nodiscard]] std::int64_t streams() const { return streams_.load(); }

    /// Others' values that are asked for when the page is written: name, help text, function.
    void add_gauge(std::string name, std::string help, std::function<double()> read);

    [[nodiscard]] std::string to_prometheus() const;

  private:
    struct Calls {
        std::map<std::string, std::uint64_t, std::less<>> by_code;
        std::array<std::uint64_t, kBucketsUs.size() + 1> buckets{};
        std::uint64_t sum_us = 0;
    };
    struct Gauge {
        std::string name;
        std::string help;
        std::function<double()> read;
    };

    mutable std::mutex mutex_;
    std::map<std::string, Calls, std::less<>> calls_;             // Guarded by mutex_.
    std::map<std::string, std::uint64_t, std::less<>> refusals_;  // Guarded by mutex_.
    std::vector<Gauge> gauges_;                                   // Guarded by mutex_.
    std::atomic<std::int64_t> connections_ = 0;
    std::atomic<std::int64_t> streams_ = 0;
    std::atomic<std::uint64_t> bytes_received_ = 0;
    std::atomic<std::uint64_t> bytes_sent_ = 0;
};

}  // namespace chatmcp::net
