// Any input as a token of PSA or CCA: what is read keeps its limits, and nothing verifies under a
// key that signed none of it.
#include <cstddef>
#include <cstdint>

#include "attest/cca.h"
#include "attest/psa.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    static const Bytes secret(32, 1);
    const attest::GivenKeyFiles nobody{.pem = {}, .jwk = {}, .symmetric = secret};
    if (const auto token = attest::PsaToken::read(input); token.has_value()) {
        CHATMCP_CHECK(!token->nonce.empty() && token->instance_id.size() == 33);
        CHATMCP_CHECK(token->components.size() <= attest::kArmComponentsMax);
        CHATMCP_CHECK(!attest::verify_psa(*token, nobody).has_value());
    }
    if (const auto token = attest::CcaToken::read(input); token.has_value()) {
        CHATMCP_CHECK(token->realm.challenge.size() == 64);
        CHATMCP_CHECK(token->platform.components.size() <= attest::kArmComponentsMax);
        CHATMCP_CHECK(!attest::verify_cca(*token, nobody).has_value());
    }
    // The file of a key is hostile as well.
    const attest::CoseMessage message{};
    const attest::GivenKeyFiles jwk{.pem = {}, .jwk = input, .symmetric = {}};
    CHATMCP_CHECK(!attest::verify_under_given_key(message, jwk).has_value());
    const attest::GivenKeyFiles pem{.pem = input, .jwk = {}, .symmetric = {}};
    CHATMCP_CHECK(!attest::verify_under_given_key(message, pem).has_value());
    return 0;
}
