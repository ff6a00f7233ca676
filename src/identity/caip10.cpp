#include "identity/caip10.h"

#include "base/encoding.h"

namespace chatmcp::identity {
namespace {

constexpr std::string_view kNamespace = "solana";
constexpr std::size_t kReferenceBytes = 32;  // CAIP-2 allows no more.

std::string account_text(std::string_view reference, std::string_view address) {
    std::string out;
    out.append(kNamespace).append(":").append(reference).append(":").append(address);
    return out;
}

}  // namespace

Result<Caip10> Caip10::parse(std::string_view text) {
    if (text.size() > kTextMaxBytes) {
        return fail(Errc::malformed, "ID-01");
    }
    const std::size_t first = text.find(':');
    const std::size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
    if (second == text.npos) {
        return fail(Errc::malformed, "ID-01");
    }
    if (text.substr(0, first) != kNamespace) {
        return fail(Errc::unsupported, "ID-02");
    }
    const std::string_view reference = text.substr(first + 1, second - first - 1);
    if (reference.size() != kReferenceBytes || !from_base58(reference).has_value()) {
        return fail(Errc::malformed, "ID-01");
    }
    const auto key = from_base58(text.substr(second + 1));
    if (!key.has_value() || key->size() != 32) {
        return fail(Errc::not_canonical, "ID-03");
    }
    Caip10 out;
    out.text_ = text;
    out.public_key_ = to_array<32>(*key);
    return out;
}

Result<Caip10> Caip10::from_solana_address(std::string_view base58_address) {
    return parse(account_text(kSolanaMainnet, base58_address));
}

Caip10 Caip10::from_solana_key(const ByteArray<32>& public_key) {
    Caip10 out;
    out.text_ = account_text(kSolanaMainnet, to_base58(public_key));
    out.public_key_ = public_key;
    return out;
}

std::string_view Caip10::address() const {
    return std::string_view(text_).substr(text_.rfind(':') + 1);
}

std::string_view Caip10::reference() const {
    const std::string_view text = text_;
    const std::size_t first = text.find(':') + 1;
    return text.substr(first, text.rfind(':') - first);
}

}  // namespace chatmcp::identity
