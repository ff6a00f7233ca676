// A configuration as an operator writes it: what is read has the bounds that the enclave builds on.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "enclave/configuration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using chatmcp::enclave::Configuration;
    const auto read = chatmcp::enclave::read_configuration(chatmcp::ByteView(data, size));
    if (read.has_value()) {
        CHATMCP_CHECK(!read->scopes.empty() && std::ranges::is_sorted(read->scopes));
        CHATMCP_CHECK(read->context_tokens > 0 && read->answer_seconds_max > 0);
        CHATMCP_CHECK(read->answer_seconds_max <= Configuration::kAnswerSecondsMax);
    }
    return 0;
}
