// Any input: what decodes as a message or a transaction encodes to the same bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "chain/transaction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    const auto message = chain::decode_message(input);
    if (message.has_value()) {
        CHATMCP_CHECK(equal(chain::encode(*message), input));
    }
    const auto transaction = chain::Transaction::decode(input);
    if (transaction.has_value()) {
        CHATMCP_CHECK(equal(transaction->encode(), input));
        CHATMCP_CHECK(transaction->size_bytes() == size);
        static_cast<void>(transaction->verify());
    }
    return 0;
}
