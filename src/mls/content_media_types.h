#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mls/extension.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// What kind of content application messages hold: draft-ietf-mls-extensions, section "Content
/// Advertisement". A leaf's content_media_types lists what its owner can read; the group context's
/// what everybody must, and that all application data is framed.

inline constexpr std::size_t kMediaTypeMaxBytes = 1024;  // Of each name and value.
inline constexpr std::size_t kMediaTypeParametersMax = 16;
inline constexpr std::size_t kMediaTypesMax = 256;

/// An IANA media type with its parameters, values without quotes and escapes.
///
/// Wire: struct { opaque parameter_name<V>; opaque parameter_value<V>; } Parameter;
///       struct { opaque media_type<V>; Parameter parameters<V>; } MediaType.
struct MediaType {
    struct Parameter {
        std::string name;
        std::string value;
    };
    std::string media_type;  // "text/plain". Empty in a frame: the group's first.
    std::vector<Parameter> parameters = {};

    /// Errors: malformed (EXT-07) no "type/subtype" in printable ASCII, or parameters without a
    ///         type; too_large (EXT-08) more than kMediaTypeParametersMax; WIRE-01 to WIRE-03.
    static Result<MediaType> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
/// Types and parameter names without regard to case, parameters in any order (RFC 2045
/// section 5.1).
[[nodiscard]] bool same_media_type(const MediaType& a, const MediaType& b);

/// `struct { MediaType media_types<V>; } MediaTypeList`: content of the component.
/// Errors: malformed (EXT-07) an empty list, or an empty type in it; too_large (EXT-08) more than
///         kMediaTypesMax; those of MediaType::read.
[[nodiscard]] Result<std::vector<MediaType>> decode_media_types(ByteView data);
[[nodiscard]] Bytes encode_media_types(const std::vector<MediaType>& types);

/// Errors: invalid_argument (EXT-09) a media type that the group requires and the leaf does not
/// list.
[[nodiscard]] Result<void> check_leaf_media_types(const Extensions& leaf_extensions,
                                                  const Extensions& context_extensions);

/// Whether application data of this group is framed.
[[nodiscard]] bool frames_content(const Extensions& context_extensions);

/// Wire: struct { MediaType media_type; opaque application_content<V>; } ApplicationFraming.
struct ApplicationFraming {
    MediaType media_type;
    Bytes content;

    static Result<ApplicationFraming> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
/// Application data of a group that frames it, the empty media type replaced by the group's first.
/// Errors: malformed (EXT-10) no frame, or something after it.
[[nodiscard]] Result<ApplicationFraming> decode_framing(const Extensions& context_extensions,
                                                        ByteView application_data);

}  // namespace chatmcp::mls
