#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "wire/tls.h"

namespace chatmcp::client {

// How rows of a home are encoded. A record names its fields in order:
//
//     auto fields(this auto& self) { return std::tie(self.epoch, self.title); }
//
// and this file does the rest: numbers big-endian, enumerations as their number, text, bytes and
// lists as `opaque x<V>`, optional values with a byte of presence, structures of wire/ as they are.
// A row that does not read whole is corrupt: rows are authenticated, so only this program wrote
// them.

template <class T>
concept RecordType = requires(T& value) { value.fields(); };
template <class T>
concept WireType = requires(const T& value, wire::Writer& writer, wire::Reader& reader) {
    value.write(writer);
    { T::read(reader) };
};

namespace record_detail {

template <class T>
struct IsArray : std::false_type {};
template <std::size_t N>
struct IsArray<std::array<std::uint8_t, N>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
void put(wire::Writer& writer, const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        writer.presence(value);
    } else if constexpr (std::is_enum_v<T>) {
        put(writer, static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_same_v<T, std::uint8_t>) {
        writer.u8(value);
    } else if constexpr (std::is_same_v<T, std::uint16_t>) {
        writer.u16(value);
    } else if constexpr (std::is_same_v<T, std::uint32_t>) {
        writer.u32(value);
    } else if constexpr (std::is_same_v<T, std::uint64_t>) {
        writer.u64(value);
    } else if constexpr (std::is_same_v<T, UnixMs>) {
        writer.u64(static_cast<std::uint64_t>(value.value));
    } else if constexpr (std::is_same_v<T, std::string>) {
        writer.vector(as_bytes(value));
    } else if constexpr (std::is_same_v<T, Bytes>) {
        writer.vector(value);
    } else if constexpr (IsArray<T>::value) {
        writer.fixed(value);
    } else if constexpr (IsOptional<T>::value) {
        writer.presence(value.has_value());
        if (value.has_value()) {
            put(writer, *value);
        }
    } else if constexpr (IsVector<T>::value) {
        writer.vector_of([&](wire::Writer& list) {
            for (const auto& item : value) {
                put(list, item);
            }
        });
    } else if constexpr (RecordType<const T>) {
        std::apply([&](const auto&... field) { (put(writer, field), ...); }, value.fields());
    } else {
        static_assert(WireType<T>);
        value.write(writer);
    }
}

template <class T>
Result<void> get(wire::Reader& reader, T& value);

// Fields after `required` of them may be missing where the record ends.
template <class Tuple, std::size_t... I>
Result<void> get_fields(wire::Reader& reader,
                        Tuple fields,
                        std::index_sequence<I...>,
                        std::size_t required = sizeof...(I)) {
    Result<void> result;
    const auto missing = [&](std::size_t index) { return index >= required && reader.empty(); };
    static_cast<void>(((result = missing(I) ? Result<void>() : get(reader, std::get<I>(fields)),
                        result.has_value()) &&
                       ...));
    return result;
}

template <class T>
Result<void> get(wire::Reader& reader, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        CHATMCP_TRY(value, reader.presence());
    } else if constexpr (std::is_enum_v<T>) {
        std::underlying_type_t<T> number{};
        CHATMCP_TRY_VOID(get(reader, number));
        value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, std::uint8_t>) {
        CHATMCP_TRY(value, reader.u8());
    } else if constexpr (std::is_same_v<T, std::uint16_t>) {
        CHATMCP_TRY(value, reader.u16());
    } else if constexpr (std::is_same_v<T, std::uint32_t>) {
        CHATMCP_TRY(value, reader.u32());
    } else if constexpr (std::is_same_v<T, std::uint64_t>) {
        CHATMCP_TRY(value, reader.u64());
    } else if constexpr (std::is_same_v<T, UnixMs>) {
        CHATMCP_TRY(const std::uint64_t number, reader.u64());
        value = UnixMs{static_cast<std::int64_t>(number)};
    } else if constexpr (std::is_same_v<T, std::string>) {
        CHATMCP_TRY(const ByteView view, reader.vector(wire::kVectorMaxBytes));
        value = to_text(view);
    } else if constexpr (std::is_same_v<T, Bytes>) {
        CHATMCP_TRY(const ByteView view, reader.vector(wire::kVectorMaxBytes));
        value = to_bytes(view);
    } else if constexpr (IsArray<T>::value) {
        CHATMCP_TRY(value, reader.array<std::tuple_size_v<T>>());
    } else if constexpr (IsOptional<T>::value) {
        CHATMCP_TRY(const bool present, reader.presence());
        value.reset();
        if (present) {
            CHATMCP_TRY_VOID(get(reader, value.emplace()));
        }
    } else if constexpr (IsVector<T>::value) {
        CHATMCP_TRY(wire::Reader list, reader.sub(wire::kVectorMaxBytes));
        value.clear();
        while (!list.empty()) {
            CHATMCP_TRY_VOID(get(list, value.emplace_back()));
        }
    } else if constexpr (RecordType<T>) {
        auto fields = value.fields();
        return get_fields(
            reader, fields, std::make_index_sequence<std::tuple_size_v<decltype(fields)>>());
    } else {
        static_assert(WireType<T>);
        CHATMCP_TRY(value, T::read(reader));
    }
    return {};
}

}  // namespace record_detail

template <RecordType T>
[[nodiscard]] Bytes encode_record(const T& value) {
    wire::Writer writer;
    record_detail::put(writer, value);
    return writer.take();
}

/// A record that grew names how many fields it had at first, `kFirstFields`: those that came later
/// have their defaults where an older build wrote the row.
/// Errors: storage_corrupt (CLT-07).
template <RecordType T>
[[nodiscard]] Result<T> decode_record(ByteView bytes) {
    wire::Reader reader(bytes);
    T value;
    auto fields = value.fields();
    constexpr std::size_t kCount = std::tuple_size_v<decltype(fields)>;
    std::size_t required = kCount;
    if constexpr (requires { T::kFirstFields; }) {
        required = T::kFirstFields;
    }
    if (!record_detail::get_fields(reader, fields, std::make_index_sequence<kCount>(), required)
             .has_value() ||
        !reader.finish().has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    return value;
}

/// A field that every record of its kind has. Errors: storage_corrupt (CLT-07) this one has none.
template <class T>
[[nodiscard]] Result<T> recorded(std::optional<T> field) {
    if (!field.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    return *std::move(field);
}

}  // namespace chatmcp::client
