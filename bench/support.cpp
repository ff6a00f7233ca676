#include "bench/support.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"

namespace chatmcp::bench {

void give_up(const char* what, const Error& error) {
    static_cast<void>(std::fprintf(stderr,
                                   "chatmcp_bench: %s: %s (%s)\n",
                                   what,
                                   std::string(errc_name(error.code)).c_str(),
                                   error.check));
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
}

double milliseconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

double Samples::quantile(double share) const {
    CHATMCP_CHECK(!values_.empty());
    std::vector<double> sorted = values_;
    std::ranges::sort(sorted);
    const auto rank = static_cast<std::size_t>(std::ceil(share * double(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

Json Samples::to_json() const {
    return {{"count", count()},
            {"p50", quantile(0.5)},
            {"p99", quantile(0.99)},
            {"max", quantile(1.0)}};
}

DiskProbe::DiskProbe(const std::string& folder) : path_(folder + "/disk-probe") {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file_ < 0) {
        give_up("disk probe", {Errc::io, "-"});
    }
}

DiskProbe::~DiskProbe() {
    static_cast<void>(::close(file_));
    static_cast<void>(::unlink(path_.c_str()));
}

void DiskProbe::sample() {
    static constexpr std::array<char, kRecordBytes> kRecord{'x'};
    const auto start = SteadyClock::now();
    if (::write(file_, kRecord.data(), kRecord.size()) != static_cast<ssize_t>(kRecord.size()) ||
        ::fdatasync(file_) != 0) {
        give_up("disk probe", {Errc::io, "-"});
    }
    samples_.add(milliseconds_since(start));
}

Arguments::Arguments(int argc, char** argv) {
    for (int i = 0; i + 1 < argc; i += 2) {
        given_[argv[i]] = argv[i + 1];
    }
}

std::string Arguments::text(const std::string& name) const {
    const auto found = given_.find(name);
    if (found == given_.end()) {
        static_cast<void>(std::fprintf(stderr, "chatmcp_bench: %s is missing\n", name.c_str()));
        std::exit(2);  // NOLINT(concurrency-mt-unsafe)
    }
    return found->second;
}

std::string Arguments::text(const std::string& name, const std::string& otherwise) const {
    const auto found = given_.find(name);
    return found == given_.end() ? otherwise : found->second;
}

std::size_t Arguments::number(const std::string& name) const {
    return std::strtoull(text(name).c_str(), nullptr, 10);
}

int run_named(std::span<const NamedBench> benches, int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    for (const NamedBench& bench : benches) {
        if (bench.name == wanted) {
            const Json figures = bench.measure(Arguments(argc - 2, argv + 2));
            static_cast<void>(std::printf("%s\n", figures.dump().c_str()));
            return 0;
        }
    }
    static_cast<void>(std::fprintf(stderr, "give one of:"));
    for (const NamedBench& bench : benches) {
        static_cast<void>(std::fprintf(stderr, " %s", std::string(bench.name).c_str()));
    }
    static_cast<void>(std::fprintf(stderr, "\n"));
    return 2;
}

}  // namespace chatmcp::bench
