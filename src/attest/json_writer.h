#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/rapidjson.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/encoding.h"

namespace chatmcp::attest {

/// Writes one JSON document; members of the object that is open.
class JsonWriter {
  public:
    JsonWriter() : writer_(buffer_) {}

    void text(std::string_view name, std::string_view value) {
        key(name);
        string(value);
    }
    void hex(std::string_view name, ByteView value) { text(name, to_hex(value)); }
    void number(std::string_view name, std::uint64_t value) {
        key(name);
        writer_.Uint64(value);
    }
    void integer(std::string_view name, std::int64_t value) {
        key(name);
        writer_.Int64(value);
    }
    void time(std::string_view name, UnixMs value) {
        key(name);
        writer_.Int64(value.value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        writer_.Bool(value);
    }
    void null(std::string_view name) {
        key(name);
        writer_.Null();
    }
    void optional_hex(std::string_view name, const std::optional<Bytes>& value) {
        if (value.has_value()) {
            hex(name, *value);
        }
    }
    void texts(std::string_view name, const std::vector<std::string>& values) {
        begin_array(name);
        for (const std::string& each : values) {
            string(each);
        }
        end_array();
    }

    void begin_object() { writer_.StartObject(); }
    void begin_object(std::string_view name) {
        key(name);
        writer_.StartObject();
    }
    void end_object() { writer_.EndObject(); }
    void begin_array(std::string_view name) {
        key(name);
        writer_.StartArray();
    }
    void end_array() { writer_.EndArray(); }
    /// A value that is JSON already.
    void raw(std::string_view name, std::string_view json) {
        key(name);
        writer_.RawValue(json.data(), json.size(), rapidjson::kArrayType);
    }
    // An element of the array that is open, or the document itself.
    void begin_array() { writer_.StartArray(); }
    void number(std::uint64_t value) { writer_.Uint64(value); }
    void string(std::string_view value) {
        writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    }

    [[nodiscard]] std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

  private:
    void key(std::string_view name) {
        writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    }

    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace chatmcp::attest
