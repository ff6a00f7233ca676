// chatmcp_attest_bench NAME [--argument value ...]: one measurement of the attestation library, its
// raw figures as one JSON object. A program of its own, because it counts what is allocated.

#include <array>

#include "bench/benches.h"

namespace {

using chatmcp::bench::NamedBench;

constexpr std::array kBenches{
    NamedBench{"attest", chatmcp::bench::measure_attest},
    NamedBench{"attest-parse", chatmcp::bench::measure_attest_parse},
};

}  // namespace

int main(int argc, char** argv) {
    return chatmcp::bench::run_named(kBenches, argc, argv);
}
