#include "attest/json_document.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using Type = JsonValue::Type;

std::unexpected<Error> malformed() {
    return fail(Errc::malformed, "ATT-31");
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Reads the grammar of RFC 8259 from the front to the end; what is open waits in a list of bounded
/// length, so that no input makes it recurse.
class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    Result<std::vector<JsonNode>> run();

  private:
    struct Text {
        std::string_view inside;
        bool escaped = false;
    };

    void skip_spaces();
    bool take(char c);
    bool take_word(std::string_view word);
    Result<Text> string();
    Result<void> escape(std::size_t& at) const;
    Result<std::uint64_t> number();
    Result<std::string_view> name();
    Result<void> value(std::string_view name);
    Result<void> open(Type type);
    Result<void> close();
    /// Everything between two values; whether another one follows.
    Result<bool> between(bool opened);

    [[nodiscard]] JsonNode& parent() { return nodes_[open_[depth_ - 1]]; }

    std::string_view rest_;
    std::vector<JsonNode> nodes_;
    std::array<std::size_t, kJsonDepthMax> open_{};  // Lists and objects, outermost first.
    std::size_t depth_ = 0;
    std::string_view name_;  // Of the value that comes next, in an object.
};

void Parser::skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' ||
                              rest_.front() == '\r' || rest_.front() == '\t')) {
        rest_.remove_prefix(1);
    }
}

bool Parser::take(char c) {
    const bool found = rest_.starts_with(c);
    rest_.remove_prefix(found ? 1 : 0);
    return found;
}

bool Parser::take_word(std::string_view word) {
    const bool found = rest_.starts_with(word);
    rest_.remove_prefix(found ? word.size() : 0);
    return found;
}

/// `at`: of the backslash; then of the escape's last character.
Result<void> Parser::escape(std::size_t& at) const {
    constexpr std::size_t kHexDigits = 4;
    ++at;
    if (at >= rest_.size()) {
        return malformed();
    }
    if (rest_[at] == 'u') {
        const std::string_view digits = rest_.substr(at + 1, kHexDigits);
        at += kHexDigits;
        return digits.size() == kHexDigits && std::ranges::all_of(digits, is_hex_digit)
                   ? Result<void>()
                   : malformed();
    }
    constexpr std::string_view kSimple = "\"\\/bfnrt";
    return kSimple.contains(rest_[at]) ? Result<void>() : malformed();
}

/// After the quote at its front.
Result<Parser::Text> Parser::string() {
    constexpr unsigned char kSpace = 0x20;
    Text out;
    for (std::size_t at = 0; at < rest_.size(); ++at) {
        const char c = rest_[at];
        if (c == '"') {
            out.inside = rest_.substr(0, at);
            rest_.remove_prefix(at + 1);
            return out;
        }
        if (static_cast<unsigned char>(c) < kSpace) {
            break;
        }
        if (c == '\\') {
            out.escaped = true;
            CHATMCP_TRY_VOID(escape(at));
        }
    }
    return malformed();
}

/// Natural, without zeros in front; what else numbers may have means nothing here.
Result<std::uint64_t> Parser::number() {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t out = 0;
    std::size_t at = 0;
    for (; at < rest_.size() && is_digit(rest_[at]); ++at) {
        const auto digit = static_cast<std::uint64_t>(rest_[at] - '0');
        if (out > (kMax - digit) / 10) {
            return malformed();
        }
        out = out * 10 + digit;
    }
    if (at == 0 || (at > 1 && rest_.front() == '0')) {
        return malformed();
    }
    rest_.remove_prefix(at);
    return out;
}

Result<std::string_view> Parser::name() {
    skip_spaces();
    if (!take('"')) {
        return malformed();
    }
    CHATMCP_TRY(const Text text, string());
    skip_spaces();
    if (text.escaped || !take(':')) {
        return malformed();
    }
    return text.inside;
}

Result<void> Parser::open(Type type) {
    if (depth_ == kJsonDepthMax) {
        return fail(Errc::too_large, "ATT-38");
    }
    nodes_.back().type = type;
    open_[depth_++] = nodes_.size() - 1;
    return {};
}

Result<void> Parser::value(std::string_view name) {
    if (nodes_.size() == kJsonValuesMax) {
        return fail(Errc::too_large, "ATT-38");
    }
    JsonNode& node = nodes_.emplace_back();
    node.name = name;
    skip_spaces();
    if (take('{')) {
        return open(Type::object);
    }
    if (take('[')) {
        return open(Type::array);
    }
    if (take('"')) {
        CHATMCP_TRY(const Text text, string());
        node.type = Type::text;
        node.text = text.inside;
        node.escaped = text.escaped;
        return {};
    }
    if (take_word("true")) {
        node.type = Type::boolean;
        node.boolean = true;
        return {};
    }
    if (take_word("false")) {
        node.type = Type::boolean;
        return {};
    }
    if (take_word("null")) {
        return {};
    }
    node.type = Type::number;
    CHATMCP_TRY(node.number, number());
    return {};
}

Result<void> Parser::close() {
    constexpr std::size_t kFewNames = 16;
    JsonNode& node = parent();
    node.size = static_cast<std::uint32_t>(nodes_.size() - open_[depth_ - 1]);
    --depth_;
    if (node.type != Type::object) {
        return {};
    }
    std::vector<std::string_view> many;
    std::array<std::string_view, kFewNames> few{};
    std::size_t count = 0;
    bool twice = false;
    for (const JsonView member : JsonView(node)) {
        if (count < kFewNames) {
            const auto before = std::span(few).first(count);
            twice = twice || std::ranges::find(before, member.name()) != before.end();
            few[count] = member.name();
        } else {
            many.push_back(member.name());
        }
        ++count;
    }
    if (!many.empty()) {
        many.insert(many.end(), few.begin(), few.end());
        std::ranges::sort(many);
        twice = twice || std::ranges::adjacent_find(many) != many.end();
    }
    return twice ? fail(Errc::invalid_argument, "ATT-32") : Result<void>();
}

Result<bool> Parser::between(bool opened) {
    while (depth_ > 0) {
        skip_spaces();
        const bool in_object = parent().type == Type::object;
        if (take(in_object ? '}' : ']')) {
            CHATMCP_TRY_VOID(close());
            opened = false;
            continue;
        }
        if (!opened && !take(',')) {
            return malformed();
        }
        if (in_object) {
            CHATMCP_TRY(name_, name());
        } else {
            name_ = {};
        }
        return true;
    }
    return false;
}

Result<std::vector<JsonNode>> Parser::run() {
    constexpr std::size_t kBytesPerValue = 8;  // Of usual documents.
    nodes_.reserve(std::min(rest_.size() / kBytesPerValue + 1, kJsonValuesMax));
    for (bool more = true; more;) {
        const std::size_t depth = depth_;
        CHATMCP_TRY_VOID(value(name_));
        CHATMCP_TRY(more, between(depth_ > depth));
    }
    skip_spaces();
    return rest_.empty() ? Result<std::vector<JsonNode>>(std::move(nodes_)) : malformed();
}

}  // namespace

std::optional<JsonView> JsonView::find(std::string_view name) const {
    if (type() == Type::object) {
        for (const JsonView member : *this) {
            if (member.name() == name) {
                return member;
            }
        }
    }
    return std::nullopt;
}

Result<JsonDocument> JsonDocument::read(std::string_view text) {
    if (!wire::is_utf8(as_bytes(text))) {
        return malformed();
    }
    CHATMCP_TRY(std::vector<JsonNode> nodes, Parser(text).run());
    return JsonDocument(std::move(nodes));
}

}  // namespace chatmcp::attest
