#include "chain/address.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "chain/well_known.h"
#include "crypto/ed25519_point.h"
#include "crypto/hash.h"

namespace chatmcp::chain {
namespace {

constexpr std::string_view kMarker = "ProgramDerivedAddress";
constexpr std::uint8_t kFirstBump = 255;

bool is_upper(char letter) {
    return letter >= 'A' && letter <= 'Z';
}

char lower(char letter) {
    return is_upper(letter) ? static_cast<char>(letter - 'A' + 'a') : letter;
}

Result<void> check_seeds(Seeds seeds, std::size_t count_max) {
    if (seeds.size() > count_max) {
        return fail(Errc::too_large, "CHN-07");
    }
    for (const ByteView seed : seeds) {
        if (seed.size() > kSeedMaxBytes) {
            return fail(Errc::too_large, "CHN-06");
        }
    }
    return {};
}

Address derive(Seeds seeds, ByteView bump, const Address& program) {
    crypto::Sha256 hash;
    for (const ByteView seed : seeds) {
        hash.update(seed);
    }
    hash.update(bump);
    hash.update(program.bytes);
    hash.update(as_bytes(kMarker));
    return {hash.finish()};
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
    if (text.size() > kTextMaxBytes) {
        return fail(Errc::malformed, "CHN-05");
    }
    const auto bytes = from_base58(text);
    if (!bytes.has_value() || bytes->size() != kBytes) {
        return fail(Errc::malformed, "CHN-05");
    }
    return Address{to_array<kBytes>(*bytes)};
}

std::string Address::text() const {
    return to_base58(bytes);
}

bool address_text_before(std::string_view left, std::string_view right) {
    const auto letters = std::lexicographical_compare_three_way(
        left.begin(), left.end(), right.begin(), right.end(), [](char l, char r) {
            return lower(l) <=> lower(r);
        });
    if (letters != 0) {
        return letters < 0;
    }
    const auto [l, r] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    return l != left.end() && is_upper(*r) && !is_upper(*l);
}

Result<Address> create_program_address(Seeds seeds, const Address& program) {
    CHATMCP_TRY_VOID(check_seeds(seeds, kSeedsMax));
    const Address address = derive(seeds, {}, program);
    if (crypto::is_ed25519_point(address.bytes)) {
        return fail(Errc::invalid_argument, "CHN-08");
    }
    return address;
}

Result<ProgramAddress> find_program_address(Seeds seeds, const Address& program) {
    CHATMCP_TRY_VOID(check_seeds(seeds, kSeedsMax - 1));
    for (std::uint8_t bump = kFirstBump; bump > 0; --bump) {
        const Address address = derive(seeds, {&bump, 1}, program);
        if (!crypto::is_ed25519_point(address.bytes)) {
            return ProgramAddress{address, bump};
        }
    }
    // Each bump fails by a chance of one half: nobody finds seeds for which all do.
    check_failed("a bump gives an address", __FILE__, __LINE__);
}

Result<ProgramAddress> find_program_address(std::initializer_list<ByteView> seeds,
                                            const Address& program) {
    return find_program_address(Seeds(seeds.begin(), seeds.size()), program);
}

ProgramAddress associated_token_address(const Address& owner,
                                        const Address& token_program,
                                        const Address& mint) {
    const auto found = find_program_address({owner.bytes, token_program.bytes, mint.bytes},
                                            kAssociatedTokenProgram);
    CHATMCP_CHECK(found.has_value());
    return *found;
}

}  // namespace chatmcp::chain
