// Any input as every structure of a TPM quote: what is read keeps its limits, and nothing verifies
// under roots and keys that signed none of it.
#include <cstddef>
#include <cstdint>

#include "attest/tpm_quote.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    static_cast<void>(attest::TpmSignature::read(input));
    static_cast<void>(attest::TpmPublic::read(input));
    if (const auto pcrs = attest::tpm_pcrs_of_json(as_text(input)); pcrs.has_value()) {
        for (const auto& [hash, bank] : *pcrs) {
            CHATMCP_CHECK(bank.size() <= attest::kTpmPcrsMax);
        }
    }
    if (const auto quote = attest::TpmQuote::read(input); quote.has_value()) {
        CHATMCP_CHECK(quote->selections.size() <= attest::kTpmBanksMax);
        CHATMCP_CHECK(quote->extra_data.size() <= attest::kTpmDataMaxBytes);
    }
    static_cast<void>(attest::verify_ak_certificate(input, {}, {}, UnixMs{1'750'000'000'000}));
    const attest::TpmEvidence evidence{.quote = input,
                                       .signature = input,
                                       .pcrs = input,
                                       .ak_public_key = input,
                                       .ak_public = input,
                                       .ak_certificate = input,
                                       .authorities = {input}};
    CHATMCP_CHECK(!attest::verify_tpm_quote(evidence, {}, UnixMs{0}).has_value());
    return 0;
}
