// Texts that come from outside: accounts, domains, wallet files.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "identity/caip10.h"
#include "identity/siws.h"
#include "identity/wallet_file.h"

namespace chatmcp::identity {
namespace {

void run(ByteView input) {
    const std::string_view text = as_text(input);
    if (const auto account = Caip10::parse(text); account.has_value()) {
        CHATMCP_CHECK(account->text() == text);
        // Address and reference alone make the same text again.
        const std::string again =
            "solana:" + std::string(account->reference()) + ":" + std::string(account->address());
        CHATMCP_CHECK(again == text);
        CHATMCP_CHECK(!chain_id_of(*account).empty());
    }
    if (check_domain(text).has_value()) {
        CHATMCP_CHECK(!text.empty() && text.size() <= kDomainMaxBytes);
        CHATMCP_CHECK(text.find_first_of("\n /@") == text.npos);
    }
    if (const auto key = read_wallet_file(input); key.has_value()) {
        const SecretBytes written = write_wallet_file(*key);
        const auto again = read_wallet_file(written.view());
        CHATMCP_CHECK(again.has_value() && again->public_key() == key->public_key());
    }
}

}  // namespace
}  // namespace chatmcp::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::identity::run({data, size});
    return 0;
}
