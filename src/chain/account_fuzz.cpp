// Any account: no decoder reads past its end, and no data is both a mint and a token account. What
// reads as an Ed25519 instruction is written the same again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "chain/ed25519_instruction.h"
#include "chain/lookup_table.h"
#include "chain/program_account.h"
#include "chain/sysvar.h"
#include "chain/token_account.h"
#include "chain/well_known.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    for (const chain::Address& program : {chain::kTokenProgram, chain::kToken2022Program}) {
        const auto mint = chain::decode_mint(program, input);
        const auto account = chain::decode_token_account(program, input);
        CHATMCP_CHECK(!mint.has_value() || !account.has_value());
        if (mint.has_value()) {
            for (const chain::TokenExtension& extension : mint->extensions) {
                CHATMCP_CHECK(chain::find_extension(mint->extensions, extension.type) ==
                              &extension);
            }
        }
    }
    const auto table = chain::decode_lookup_table(chain::kAddressLookupTableProgram, input);
    if (table.has_value()) {
        CHATMCP_CHECK(chain::LookupTableAccount::kHeadBytes +
                          table->addresses.size() * chain::Address::kBytes ==
                      size);
    }
    const auto of_program =
        chain::decode_program_account(chain::kMemoProgram, chain::kMemoProgram, input);
    if (of_program.has_value()) {
        const auto* const proposal = std::get_if<chain::ProposalAccount>(&*of_program);
        CHATMCP_CHECK(proposal == nullptr ||
                      proposal->payload.size() == chain::payload_bytes(proposal->head.action));
    }
    static_cast<void>(chain::decode_nonce(chain::kSystemProgram, input));
    static_cast<void>(chain::decode_clock(input));
    const auto statements =
        chain::decode_ed25519_instruction({chain::kEd25519Program, {}, to_bytes(input)});
    if (statements.has_value()) {
        const auto again = chain::ed25519_instruction(*statements);
        CHATMCP_CHECK(again.has_value() && equal(again->data, input));
    }
    return 0;
}
