// verify_evidence FILE: what a file of evidence says, by the policy `strict`, now. 0 if it is
// accepted.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "attest/appraise.h"

int main(int argc, char** argv) {
    namespace attest = chatmcp::attest;
    if (argc != 2) {
        std::fprintf(stderr, "usage: verify_evidence FILE\n");
        return 2;
    }
    std::ifstream file(argv[1], std::ios::binary);
    chatmcp::Bytes content{std::istreambuf_iterator<char>(file), {}};
    auto bundle = attest::bundle_of_file(std::move(content), {});
    if (!bundle.has_value()) {
        std::fprintf(stderr, "no evidence that is known: %s\n", bundle.error().check);
        return 2;
    }
    const auto report = attest::inspect(*std::move(bundle),
                                        attest::builtin_roots(),
                                        *attest::policy_profile("strict"),
                                        {},
                                        chatmcp::SystemClock().now());
    std::puts(attest::report_to_text(report).c_str());
    return report.accepted ? 0 : 1;
}
