#include "identity/wallet_file.h"

#include <algorithm>

#include "base/encoding.h"

namespace chatmcp::identity {
namespace {

constexpr std::size_t kNumbers = crypto::kEd25519SeedBytes + crypto::kEd25519PublicBytes;

// A reader for this one shape of JSON; a general parser would leave copies of the key behind.
class ArrayReader {
  public:
    explicit ArrayReader(std::string_view text) : rest_(text) {}

    bool character(char expected) {
        skip_space();
        if (rest_.empty() || rest_.front() != expected) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    // A JSON number from 0 to 255, without sign, fraction, exponent or leading zero.
    bool number(std::uint8_t& out) {
        skip_space();
        std::size_t digits = 0;
        unsigned value = 0;
        while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
            value = value * 10 + static_cast<unsigned>(rest_[digits] - '0');
            ++digits;
            if (value > 255) {
                return false;
            }
        }
        if (digits == 0 || (digits > 1 && rest_.front() == '0')) {
            return false;
        }
        rest_.remove_prefix(digits);
        out = static_cast<std::uint8_t>(value);
        return true;
    }

    bool at_end() {
        skip_space();
        return rest_.empty();
    }

  private:
    void skip_space() {
        const std::size_t first = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(std::min(first, rest_.size()));
    }

    std::string_view rest_;
};

bool read_numbers(std::string_view text, std::span<std::uint8_t> out) {
    ArrayReader reader(text);
    if (!reader.character('[')) {
        return false;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        if ((i > 0 && !reader.character(',')) || !reader.number(out[i])) {
            return false;
        }
    }
    return reader.character(']') && reader.at_end();
}

// Takes `prefix` off the front of `text`, if it is there.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

}  // namespace

Result<crypto::SigningKey> read_wallet_file(ByteView content) {
    if (content.size() > kWalletFileMaxBytes) {
        return fail(Errc::too_large, "ID-26");
    }
    SecretBytes numbers(kNumbers);
    if (!read_numbers(as_text(content), numbers.mutable_view())) {
        return fail(Errc::malformed, "ID-27");
    }
    auto key = crypto::SigningKey::from_seed(numbers.view().first(crypto::kEd25519SeedBytes));
    if (!equal(key.public_key(), numbers.view().subspan(crypto::kEd25519SeedBytes))) {
        return fail(Errc::wrong_key, "ID-28");
    }
    return key;
}

SecretBytes write_wallet_file(const crypto::SigningKey& key) {
    // At most "255," for each number, and the brackets; written in place, so no copy is left.
    SecretBytes buffer(4 * kNumbers + 1);
    const auto out = buffer.mutable_view();
    std::size_t size = 0;
    const auto put = [&](char character) { out[size++] = static_cast<std::uint8_t>(character); };
    const auto put_all = [&](ByteView numbers) {
        for (const std::uint8_t number : numbers) {
            put(size == 0 ? '[' : ',');
            for (unsigned unit = number >= 100  ? 100
                                 : number >= 10 ? 10
                                                : 1;
                 unit > 0;
                 unit /= 10) {
                put(static_cast<char>('0' + number / unit % 10));
            }
        }
    };
    put_all(key.seed());
    put_all(key.public_key());
    put(']');
    return SecretBytes(buffer.view().first(size));
}

Result<Signature> sign_wallet_text(const crypto::SigningKey& wallet, std::string_view text) {
    const std::string_view domain = text.substr(0, text.find(' '));
    const std::size_t last_line = text.rfind('\n') + 1;
    const std::string_view resource = text.substr(last_line);
    std::string_view rest = text;
    const bool is_ours = text.size() <= kWalletTextMaxBytes && check_domain(domain).has_value() &&
                         take(rest, domain) &&
                         take(rest, " wants you to sign in with your Solana account:\n") &&
                         take(rest, to_base58(wallet.public_key())) && take(rest, "\n\n") &&
                         (resource.starts_with("- urn:chatmcp:device:1:") ||
                          resource.starts_with("- urn:chatmcp:agent:1:"));
    if (!is_ours) {
        return fail(Errc::wrong_purpose, "ID-29");
    }
    return wallet.sign_raw(as_bytes(text));
}

}  // namespace chatmcp::identity
