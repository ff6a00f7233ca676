// chatmcp_mls_bench NAME [--argument value ...]: one measurement of the MLS library, its raw
// figures as one JSON object. A program of its own, because it counts what is allocated.

#include <array>

#include "bench/benches.h"

namespace {

using chatmcp::bench::NamedBench;

constexpr std::array kBenches{
    NamedBench{"mls", chatmcp::bench::measure_mls},
    NamedBench{"mls-on-disk", chatmcp::bench::measure_mls_on_disk},
    NamedBench{"mls-creation", chatmcp::bench::measure_mls_creation},
    NamedBench{"mls-memory", chatmcp::bench::measure_mls_memory},
};

}  // namespace

int main(int argc, char** argv) {
    return chatmcp::bench::run_named(kBenches, argc, argv);
}
