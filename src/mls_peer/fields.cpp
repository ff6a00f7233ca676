#include "mls_peer/fields.h"

#include <limits>

#include "base/encoding.h"

namespace chatmcp::mls_peer {
namespace {

std::unexpected<Error> wrong_field() {
    return fail(Errc::malformed, "PEER-02");
}

Result<Bytes> bytes_of(const Json& value) {
    if (!value.is_string()) {
        return wrong_field();
    }
    return from_hex(value.get_ref<const std::string&>());
}

template <class Number>
Result<Number> number_of(const Json& value) {
    if (!value.is_number_unsigned() || value > std::numeric_limits<Number>::max()) {
        return wrong_field();
    }
    return value.get<Number>();
}

/// The items of an optional list, each read by `read`.
template <class Read>
auto list_of(const Json& request, const char* name, Read read)
    -> Result<std::vector<typename decltype(read(request))::value_type>> {
    std::vector<typename decltype(read(request))::value_type> items;
    const auto found = request.find(name);
    if (found == request.end()) {
        return items;
    }
    if (!found->is_array()) {
        return wrong_field();
    }
    for (const Json& value : *found) {
        CHATMCP_TRY(auto item, read(value));
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace

bool Fields::has(const char* name) const {
    return request_.contains(name);
}

Result<std::string> Fields::text(const char* name) const {
    const auto found = request_.find(name);
    if (found == request_.end() || !found->is_string()) {
        return wrong_field();
    }
    return found->get<std::string>();
}

Result<std::string> Fields::text(const char* name, std::string_view otherwise) const {
    return has(name) ? text(name) : Result<std::string>(std::string(otherwise));
}

Result<bool> Fields::boolean(const char* name, bool otherwise) const {
    const auto found = request_.find(name);
    if (found == request_.end()) {
        return otherwise;
    }
    if (!found->is_boolean()) {
        return wrong_field();
    }
    return found->get<bool>();
}

Result<std::uint32_t> Fields::number(const char* name) const {
    const auto found = request_.find(name);
    if (found == request_.end()) {
        return wrong_field();
    }
    return number_of<std::uint32_t>(*found);
}

Result<std::uint32_t> Fields::number(const char* name, std::uint32_t otherwise) const {
    return has(name) ? number(name) : Result<std::uint32_t>(otherwise);
}

Result<Bytes> Fields::bytes(const char* name) const {
    const auto found = request_.find(name);
    if (found == request_.end()) {
        return wrong_field();
    }
    return bytes_of(*found);
}

Result<Bytes> Fields::bytes(const char* name, ByteView otherwise) const {
    return has(name) ? bytes(name) : Result<Bytes>(to_bytes(otherwise));
}

Result<std::vector<Bytes>> Fields::byte_list(const char* name) const {
    return list_of(request_, name, bytes_of);
}

Result<std::vector<std::string>> Fields::texts(const char* name) const {
    return list_of(request_, name, [](const Json& value) -> Result<std::string> {
        if (!value.is_string()) {
            return wrong_field();
        }
        return value.get<std::string>();
    });
}

Result<std::vector<std::uint32_t>> Fields::numbers(const char* name) const {
    return list_of(request_, name, number_of<std::uint32_t>);
}

Result<std::vector<std::uint16_t>> Fields::u16_list(const char* name) const {
    return list_of(request_, name, number_of<std::uint16_t>);
}

Result<mls::Extensions> Fields::extensions(const char* name, const char* key) const {
    return list_of(request_, name, [&](const Json& value) -> Result<mls::Extension> {
        if (!value.is_object() || !value.contains(key) || !value.contains("data")) {
            return wrong_field();
        }
        mls::Extension extension;
        CHATMCP_TRY(extension.type, number_of<std::uint16_t>(value[key]));
        CHATMCP_TRY(extension.data, bytes_of(value["data"]));
        return extension;
    });
}

}  // namespace chatmcp::mls_peer
