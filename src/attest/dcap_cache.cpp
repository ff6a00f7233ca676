#include "attest/dcap_cache.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace chatmcp::attest {
namespace {

bool same(const std::optional<Bytes>& kept, const std::optional<ByteView>& given) {
    return kept.has_value() == given.has_value() && (!kept.has_value() || equal(*kept, *given));
}

}  // namespace

DcapCache::DcapCache(std::size_t platforms_max) : platforms_max_(platforms_max) {
    CHATMCP_CHECK(platforms_max > 0);
}

// Everything that DcapPlatform::verify looks at, but the time. A quote's version or certification
// type does not matter beyond the PCK chain that it stands for.
DcapCache::Inputs DcapCache::inputs_of(const DcapQuote& quote,
                                       const DcapCollateral& collateral,
                                       const Certificate& root) {
    return {pck_chain_of(quote, collateral),
            root.der,
            collateral.tcb_info,
            collateral.tcb_info_issuer_chain,
            collateral.qe_identity,
            collateral.qe_identity_issuer_chain,
            collateral.root_ca_crl,
            collateral.pck_crl,
            collateral.pck_crl_issuer_chain};
}

DcapCache::Entry* DcapCache::find(const Inputs& inputs) {
    const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
        return std::ranges::equal(entry.inputs, inputs, same);
    });
    return found == entries_.end() ? nullptr : &*found;
}

void DcapCache::remember(const Inputs& inputs, DcapPlatform platform) {
    Entry entry{.inputs = {}, .platform = std::move(platform), .used = ++turn_};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (const auto& input = inputs[i]; input.has_value()) {
            bytes += input->size();
            if (bytes > kInputsMaxBytes) {
                return;
            }
            entry.inputs[i] = to_bytes(*input);
        }
    }
    if (entries_.size() < platforms_max_) {
        entries_.push_back(std::move(entry));
    } else {
        *std::ranges::min_element(entries_, {}, &Entry::used) = std::move(entry);
    }
}

Result<DcapClaims> DcapCache::verify(const DcapQuote& quote,
                                     const DcapCollateral& collateral,
                                     const Certificate& root,
                                     UnixMs at) {
    const Inputs inputs = inputs_of(quote, collateral, root);
    Entry* const known = find(inputs);
    if (known != nullptr && known->platform.from <= at && at <= known->platform.until) {
        known->used = ++turn_;
        return verify_quote_of(known->platform, quote);
    }
    CHATMCP_TRY(DcapPlatform platform, DcapPlatform::verify(quote, collateral, root, at));
    CHATMCP_TRY(DcapClaims claims, verify_quote_of(platform, quote));
    // The same inputs have the same times at which they are valid, so that they are not known yet.
    remember(inputs, std::move(platform));
    return claims;
}

}  // namespace chatmcp::attest
