// chatmcp_bench NAME [--argument value ...]: one measurement, its raw figures as one JSON object.
// dev/bench is the program for people; it builds this one.

#include <array>
#include <string_view>

#include "bench/benches.h"

namespace {

using chatmcp::bench::Arguments;
using chatmcp::bench::Json;

struct Bench {
    std::string_view name;
    Json (*measure)(const Arguments&);
};

constexpr std::array kBenches{
    Bench{"latency", chatmcp::bench::measure_latency},
    Bench{"throughput", chatmcp::bench::measure_throughput},
    Bench{"fill", chatmcp::bench::fill_homes},
    Bench{"round-trip", chatmcp::bench::measure_round_trip},
    Bench{"relay", chatmcp::bench::measure_relay},
    Bench{"disk", chatmcp::bench::measure_disk},
    Bench{"kdf", chatmcp::bench::measure_key_derivation},
    Bench{"mls", chatmcp::bench::measure_mls},
    Bench{"engine", chatmcp::bench::measure_engine},
};

}  // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    for (const Bench& bench : kBenches) {
        if (bench.name == wanted) {
            const Json figures = bench.measure(Arguments(argc - 2, argv + 2));
            static_cast<void>(std::printf("%s\n", figures.dump().c_str()));
            return 0;
        }
    }
    static_cast<void>(
        std::fprintf(stderr, "chatmcp_bench: give one of the names in bench/main.cpp\n"));
    return 2;
}
