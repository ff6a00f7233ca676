// chatmcp_bench NAME [--argument value ...]: one measurement, its raw figures as one JSON object.
// dev/bench is the program for people; it builds this one.

#include <array>

#include "bench/benches.h"

namespace {

using chatmcp::bench::NamedBench;

constexpr std::array kBenches{
    NamedBench{"chain", chatmcp::bench::measure_chain},
    NamedBench{"latency", chatmcp::bench::measure_latency},
    NamedBench{"throughput", chatmcp::bench::measure_throughput},
    NamedBench{"fill", chatmcp::bench::fill_homes},
    NamedBench{"round-trip", chatmcp::bench::measure_round_trip},
    NamedBench{"relay", chatmcp::bench::measure_relay},
    NamedBench{"disk", chatmcp::bench::measure_disk},
    NamedBench{"kdf", chatmcp::bench::measure_key_derivation},
    NamedBench{"engine", chatmcp::bench::measure_engine},
};

}  // namespace

int main(int argc, char** argv) {
    return chatmcp::bench::run_named(kBenches, argc, argv);
}
