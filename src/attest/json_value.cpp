#include "attest/json_value.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "attest/rapidjson.h"
#include "base/bytes.h"
#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

constexpr std::size_t kFewNames = 16;
constexpr std::size_t kWaitingUsual = 64;  // Values on the stack at a time.

/// Whether a name stands twice.
bool has_duplicate(std::span<const std::string> names) {
    if (names.size() <= kFewNames) {
        for (std::size_t i = 1; i < names.size(); ++i) {
            const auto before = names.first(i);
            if (std::ranges::find(before, names[i]) != before.end()) {
                return true;
            }
        }
        return false;
    }
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::ranges::sort(sorted);
    return std::ranges::adjacent_find(sorted) != sorted.end();
}

// Receives rapidjson's events and builds the value: what a list or object holds waits on a stack
// until it ends and its size is known. The names of its functions are rapidjson's.
class Builder {
  public:
    /// `escapes`: the text has some, which may stand for what is no UTF-8.
    Builder(bool escapes, const JsonOptions& options) : escapes_(escapes), options_(options) {
        values_.reserve(kWaitingUsual);
        names_.reserve(kWaitingUsual);
    }

    // NOLINTBEGIN(readability-identifier-naming)
    bool Null() { return add(JsonValue{}); }
    bool Bool(bool value) {
        JsonValue json(JsonValue::Type::boolean);
        json.boolean = value;
        return add(std::move(json));
    }
    bool Uint(unsigned value) { return Uint64(value); }
    bool Uint64(std::uint64_t value) {
        JsonValue json(JsonValue::Type::number);
        json.number = value;
        return add(std::move(json));
    }
    bool Int(int value) { return Int64(value); }
    bool Int64(std::int64_t value) {
        JsonValue json(JsonValue::Type::negative);
        json.number = ~static_cast<std::uint64_t>(value) + 1;
        return add_other_number(std::move(json));
    }
    bool Double(double) { return add_other_number(JsonValue(JsonValue::Type::fraction)); }
    bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }  // Never called.
    bool String(const char* text, rapidjson::SizeType size, bool) {
        JsonValue json(JsonValue::Type::text);
        json.text.assign(text, size);
        return is_text(json.text) && add(std::move(json));
    }
    bool StartObject() { return open(); }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        return is_text(names_.emplace_back(text, size));
    }
    bool EndObject(rapidjson::SizeType members) {
        const std::span<const std::string> names = std::span(names_).last(members);
        if (has_duplicate(names)) {
            error_ = Error{Errc::invalid_argument, "ATT-32"};
            return false;
        }
        JsonValue object(JsonValue::Type::object);
        object.names = take_last(names_, members);
        return close(std::move(object), members);
    }
    bool StartArray() { return open(); }
    bool EndArray(rapidjson::SizeType items) {
        return close(JsonValue(JsonValue::Type::array), items);
    }
    // NOLINTEND(readability-identifier-naming)

    [[nodiscard]] std::optional<Error> error() const { return error_; }
    /// Precondition: the text was read whole.
    [[nodiscard]] JsonValue take() { return std::move(values_.front()); }

  private:
    template <class T>
    static std::vector<T> take_last(std::vector<T>& from, std::size_t count) {
        const auto first = from.end() - static_cast<std::ptrdiff_t>(count);
        std::vector<T> out(std::make_move_iterator(first), std::make_move_iterator(from.end()));
        from.erase(first, from.end());
        return out;
    }

    [[nodiscard]] bool is_text(const std::string& text) const {
        return !escapes_ || wire::is_utf8(as_bytes(text));
    }

    bool count() {
        if (++count_ > options_.values_max) {
            error_ = Error{Errc::too_large, "ATT-38"};
            return false;
        }
        return true;
    }

    bool open() {
        if (depth_ == options_.depth_max) {
            error_ = Error{Errc::too_large, "ATT-38"};
            return false;
        }
        ++depth_;
        return count();
    }

    bool close(JsonValue value, std::size_t items) {
        --depth_;
        value.items = take_last(values_, items);
        values_.push_back(std::move(value));
        return true;
    }

    bool add(JsonValue value) {
        values_.push_back(std::move(value));
        return count();
    }

    bool add_other_number(JsonValue value) {
        return !options_.natural_numbers_only && add(std::move(value));
    }

    bool escapes_;
    JsonOptions options_;
    std::vector<JsonValue> values_;   // Those whose list or object has not ended, in their order.
    std::vector<std::string> names_;  // The same of names.
    std::size_t depth_ = 0;
    std::size_t count_ = 0;
    std::optional<Error> error_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

Result<JsonValue> parse_json(std::string_view text, const JsonOptions& options) {
    // rapidjson takes a zero byte for the end and would not look at what follows it.
    if (text.find('\0') != std::string_view::npos) {
        return fail(Errc::malformed, "ATT-31");
    }
    if (!wire::is_utf8(as_bytes(text))) {
        return fail(Errc::malformed, "ATT-31");
    }
    std::string copy(text);  // Which rapidjson writes its strings into.
    rapidjson::InsituStringStream stream(copy.data());
    rapidjson::Reader reader;
    Builder builder(text.find('\\') != std::string_view::npos, options);
    // Iterative: the depth of the input must not become the depth of the stack.
    const auto result = reader.Parse < rapidjson::kParseIterativeFlag |
                        rapidjson::kParseInsituFlag > (stream, builder);
    if (result.IsError()) {
        const std::optional<Error> own = builder.error();
        return own.has_value() ? fail(*own) : fail(Errc::malformed, "ATT-31");
    }
    return builder.take();
}

}  // namespace chatmcp::attest
