#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/errc.h"
#include "base/result.h"

namespace chatmcp::bench {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

/// A benchmark has no use for an error but to say which one it was.
[[noreturn]] void give_up(const char* what, const Error& error);

template <class T>
T must(Result<T> result, const char* what) {
    if (!result.has_value()) {
        give_up(what, result.error());
    }
    return *std::move(result);
}
inline void must(const Result<void>& result, const char* what) {
    if (!result.has_value()) {
        give_up(what, result.error());
    }
}

[[nodiscard]] double milliseconds_since(SteadyClock::time_point start);

/// Durations of one kind, in one unit.
class Samples {
  public:
    void add(double value) { values_.push_back(value); }
    [[nodiscard]] std::size_t count() const { return values_.size(); }
    /// `share` of the samples are not above it; 0.5 is the median. Precondition: there are some.
    [[nodiscard]] double quantile(double share) const;
    /// {"count", "p50", "p99", "max"}
    [[nodiscard]] Json to_json() const;

  private:
    std::vector<double> values_;
};

/// What a durable write costs at least: appends a record to a file and waits for the disk.
class DiskProbe {
  public:
    static constexpr std::size_t kRecordBytes = 1024;

    /// A file of its own in `folder`, removed at the end.
    explicit DiskProbe(const std::string& folder);
    DiskProbe(const DiskProbe&) = delete;
    DiskProbe& operator=(const DiskProbe&) = delete;
    ~DiskProbe();

    /// One write and one fdatasync.
    void sample();
    /// Milliseconds each.
    [[nodiscard]] const Samples& samples() const { return samples_; }

  private:
    std::string path_;
    int file_ = -1;
    Samples samples_;
};

/// `--name value` pairs of the command line.
class Arguments {
  public:
    Arguments(int argc, char** argv);
    /// Ends the program if it was not given.
    [[nodiscard]] std::string text(const std::string& name) const;
    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const;
    [[nodiscard]] std::size_t number(const std::string& name) const;

  private:
    std::map<std::string, std::string> given_;
};

/// One measurement of a program: it returns its raw figures.
struct NamedBench {
    std::string_view name;
    Json (*measure)(const Arguments&);
};
/// The program: the measurement that its first argument names, printed. Returns the exit code.
[[nodiscard]] int run_named(std::span<const NamedBench> benches, int argc, char** argv);

}  // namespace chatmcp::bench
