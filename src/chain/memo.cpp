#include "chain/memo.h"

#include "chain/well_known.h"
#include "wire/cbor.h"

namespace chatmcp::chain {

Result<Instruction> memo(std::string_view text, std::span<const Address> signers) {
    if (!wire::is_utf8(as_bytes(text))) {
        return fail(Errc::malformed, "CHN-45");
    }
    Instruction out{kMemoProgram, {}, to_bytes(as_bytes(text))};
    for (const Address& signer : signers) {
        out.accounts.push_back(readonly_signer(signer));
    }
    return out;
}

}  // namespace chatmcp::chain
