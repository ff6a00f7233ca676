#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "mls/types.h"

namespace chatmcp::mls_peer {

using Json = nlohmann::json;

/// The fields of one request by name and type. Absent optional ones have their default.
///
/// Errors of all: malformed (PEER-02) a field that is missing or of another type or range,
/// (BASE-01)
///         hexadecimal that is none.
class Fields {
  public:
    explicit Fields(const Json& request) : request_(request) {}

    [[nodiscard]] bool has(const char* name) const;
    [[nodiscard]] Result<std::string> text(const char* name) const;
    [[nodiscard]] Result<std::string> text(const char* name, std::string_view otherwise) const;
    [[nodiscard]] Result<bool> boolean(const char* name, bool otherwise) const;
    [[nodiscard]] Result<std::uint32_t> number(const char* name) const;
    [[nodiscard]] Result<std::uint32_t> number(const char* name, std::uint32_t otherwise) const;
    [[nodiscard]] Result<Bytes> bytes(const char* name) const;
    [[nodiscard]] Result<Bytes> bytes(const char* name, ByteView otherwise) const;
    [[nodiscard]] Result<std::vector<Bytes>> byte_list(const char* name) const;
    [[nodiscard]] Result<std::vector<std::string>> texts(const char* name) const;
    [[nodiscard]] Result<std::vector<std::uint32_t>> numbers(const char* name) const;
    [[nodiscard]] Result<std::vector<std::uint16_t>> u16_list(const char* name) const;
    /// `[{"type": 1, "data": "hex"}]`; `key` is the name of the number.
    [[nodiscard]] Result<mls::Extensions> extensions(const char* name,
                                                     const char* key = "type") const;

  private:
    const Json& request_;
};

}  // namespace chatmcp::mls_peer
