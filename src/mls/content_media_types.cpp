#include "mls/content_media_types.h"

#include <algorithm>

#include "mls/component.h"

namespace chatmcp::mls {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// "type/subtype", both of at least one printable ASCII character that is no space.
bool is_media_type(std::string_view text) {
    const auto slash = text.find('/');
    const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
    return printable && slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
           text.find('/', slash + 1) == std::string_view::npos;
}

Result<std::string> read_text(wire::Reader& reader) {
    CHATMCP_TRY(const ByteView view, reader.vector(kMediaTypeMaxBytes));
    return to_text(view);
}

}  // namespace

Result<MediaType> MediaType::read(wire::Reader& reader) {
    MediaType type;
    CHATMCP_TRY(type.media_type, read_text(reader));
    CHATMCP_TRY(wire::Reader inner, reader.sub(kExtensionMaxBytes));
    while (!inner.empty()) {
        if (type.parameters.size() == kMediaTypeParametersMax) {
            return fail(Errc::too_large, "EXT-08");
        }
        Parameter parameter;
        CHATMCP_TRY(parameter.name, read_text(inner));
        CHATMCP_TRY(parameter.value, read_text(inner));
        type.parameters.push_back(std::move(parameter));
    }
    const bool named = !type.media_type.empty();
    if (named ? !is_media_type(type.media_type) : !type.parameters.empty()) {
        return fail(Errc::malformed, "EXT-07");
    }
    return type;
}

void MediaType::write(wire::Writer& writer) const {
    writer.vector(as_bytes(media_type));
    writer.vector_of([&](wire::Writer& inner) {
        for (const Parameter& parameter : parameters) {
            inner.vector(as_bytes(parameter.name));
            inner.vector(as_bytes(parameter.value));
        }
    });
}

bool same_media_type(const MediaType& a, const MediaType& b) {
    return same_without_case(a.media_type, b.media_type) &&
           std::ranges::is_permutation(
               a.parameters,
               b.parameters,
               [](const MediaType::Parameter& one, const MediaType::Parameter& other) {
                   return same_without_case(one.name, other.name) && one.value == other.value;
               });
}

Result<std::vector<MediaType>> decode_media_types(ByteView data) {
    wire::Reader reader(data);
    CHATMCP_TRY(wire::Reader inner, reader.sub(kExtensionMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    std::vector<MediaType> types;
    while (!inner.empty()) {
        if (types.size() == kMediaTypesMax) {
            return fail(Errc::too_large, "EXT-08");
        }
        CHATMCP_TRY(MediaType type, MediaType::read(inner));
        if (type.media_type.empty()) {
            return fail(Errc::malformed, "EXT-07");
        }
        types.push_back(std::move(type));
    }
    if (types.empty()) {
        return fail(Errc::malformed, "EXT-07");
    }
    return types;
}

Bytes encode_media_types(const std::vector<MediaType>& types) {
    wire::Writer writer;
    writer.vector_of([&](wire::Writer& inner) {
        for (const MediaType& type : types) {
            type.write(inner);
        }
    });
    return writer.take();
}

Result<void> check_leaf_media_types(const Extensions& leaf_extensions,
                                    const Extensions& context_extensions) {
    const auto required = find_component(context_extensions, DraftComponent::content_media_types);
    if (!required.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto types, decode_media_types(*required));
    std::vector<MediaType> known;
    if (const auto own = find_component(leaf_extensions, DraftComponent::content_media_types);
        own.has_value()) {
        CHATMCP_TRY(known, decode_media_types(*own));
    }
    for (const MediaType& type : types) {
        if (std::ranges::none_of(known, [&](const auto& k) { return same_media_type(k, type); })) {
            return fail(Errc::invalid_argument, "EXT-09");
        }
    }
    return {};
}

bool frames_content(const Extensions& context_extensions) {
    return find_component(context_extensions, DraftComponent::content_media_types).has_value();
}

Result<ApplicationFraming> ApplicationFraming::read(wire::Reader& reader) {
    ApplicationFraming framing;
    CHATMCP_TRY(framing.media_type, MediaType::read(reader));
    CHATMCP_TRY(const ByteView content, reader.vector(wire::kVectorMaxBytes));
    framing.content = to_bytes(content);
    return framing;
}

void ApplicationFraming::write(wire::Writer& writer) const {
    media_type.write(writer);
    writer.vector(content);
}

Result<ApplicationFraming> decode_framing(const Extensions& context_extensions,
                                          ByteView application_data) {
    auto framing = wire::decode<ApplicationFraming>(application_data);
    if (!framing.has_value()) {
        return fail(Errc::malformed, "EXT-10");
    }
    const auto types = find_component(context_extensions, DraftComponent::content_media_types);
    if (framing->media_type.media_type.empty() && types.has_value()) {
        CHATMCP_TRY(auto listed, decode_media_types(*types));
        framing->media_type = std::move(listed.front());
    }
    return framing;
}

}  // namespace chatmcp::mls
