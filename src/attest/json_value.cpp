#include "attest/json_value.h"

#include <algorithm>
#include <optional>

#include "attest/rapidjson.h"

namespace chatmcp::attest {
namespace {

// Receives rapidjson's events and builds the value. The names of its functions are rapidjson's.
class Builder {
  public:
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
    // What is negative or has a fraction means nothing in a policy.
    bool Int(int) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Double(double) { return false; }
    bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
    bool String(const char* text, rapidjson::SizeType size, bool) {
        JsonValue json(JsonValue::Type::text);
        json.text.assign(text, size);
        return add(std::move(json));
    }
    bool StartObject() { return open(JsonValue::Type::object); }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        std::string name(text, size);
        JsonValue& object = open_.back();
        if (object.find(name) != nullptr) {
            error_ = Error{Errc::invalid_argument, "ATT-32"};
            return false;
        }
        object.names.push_back(std::move(name));
        return true;
    }
    bool EndObject(rapidjson::SizeType) { return close(); }
    bool StartArray() { return open(JsonValue::Type::array); }
    bool EndArray(rapidjson::SizeType) { return close(); }
    // NOLINTEND(readability-identifier-naming)

    [[nodiscard]] std::optional<Error> error() const { return error_; }
    [[nodiscard]] JsonValue take() { return std::move(root_); }

  private:
    bool count() {
        if (++values_ > kJsonValuesMax) {
            error_ = Error{Errc::too_large, "ATT-38"};
            return false;
        }
        return true;
    }

    bool open(JsonValue::Type type) {
        if (open_.size() == kJsonDepthMax) {
            error_ = Error{Errc::too_large, "ATT-38"};
            return false;
        }
        open_.emplace_back(type);
        return count();
    }

    bool close() {
        JsonValue value = std::move(open_.back());
        open_.pop_back();
        place(std::move(value));
        return true;
    }

    bool add(JsonValue value) {
        if (!count()) {
            return false;
        }
        place(std::move(value));
        return true;
    }

    void place(JsonValue value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else {
            open_.back().items.push_back(std::move(value));
        }
    }

    JsonValue root_;
    std::vector<JsonValue> open_;  // Objects and arrays that have not ended, outermost first.
    std::size_t values_ = 0;
    std::optional<Error> error_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

Result<JsonValue> parse_json(std::string_view text) {
    // rapidjson takes a zero byte for the end and would not look at what follows it.
    if (text.find('\0') != std::string_view::npos) {
        return fail(Errc::malformed, "ATT-31");
    }
    rapidjson::MemoryStream stream(text.data(), text.size());
    rapidjson::Reader reader;
    Builder builder;
    // Iterative: the depth of the input must not become the depth of the stack.
    const auto result = reader.Parse < rapidjson::kParseIterativeFlag |
                        rapidjson::kParseValidateEncodingFlag > (stream, builder);
    if (result.IsError()) {
        const std::optional<Error> own = builder.error();
        return own.has_value() ? fail(*own) : fail(Errc::malformed, "ATT-31");
    }
    return builder.take();
}

}  // namespace chatmcp::attest
