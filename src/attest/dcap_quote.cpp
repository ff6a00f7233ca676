#include "attest/dcap_quote.h"

#include <algorithm>

#include "attest/little_endian.h"

namespace chatmcp::attest {
namespace {

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kKeyBytes = 64;
constexpr std::uint16_t kEcdsaP256 = 2;
constexpr std::uint32_t kTeeSgx = 0;
constexpr std::uint32_t kTeeTdx = 0x81;
constexpr std::uint16_t kQeReportCertification = 6;

std::unexpected<Error> unsupported() {
    return fail(Errc::unsupported, "ATT-57");
}

/// Which report follows the header, and where it starts.
struct BodyPlace {
    bool td = false;
    std::size_t offset = DcapQuote::kHeaderBytes;
    std::size_t size_bytes = SgxReport::kBytes;
};

Result<BodyPlace> typed_body(LittleEndianReader reader, std::uint32_t tee, DcapQuote& out) {
    constexpr std::uint16_t kSgxBody = 1;
    constexpr std::uint16_t kTd10Body = 2;
    constexpr std::uint16_t kTd15Body = 3;
    constexpr std::size_t kDescriptorBytes = 6;
    CHATMCP_TRY(out.body_type, reader.u16());
    CHATMCP_TRY(const std::uint32_t size_bytes, reader.u32());
    BodyPlace place{.td = out.body_type != kSgxBody,
                    .offset = DcapQuote::kHeaderBytes + kDescriptorBytes,
                    .size_bytes = size_bytes};
    const std::size_t expected = out.body_type == kSgxBody    ? SgxReport::kBytes
                                 : out.body_type == kTd10Body ? TdReport::kBytes10
                                 : out.body_type == kTd15Body ? TdReport::kBytes15
                                                              : 0;
    if (expected == 0 || place.td != (tee == kTeeTdx)) {
        return unsupported();
    }
    if (size_bytes != expected) {
        return fail(Errc::malformed, "ATT-56");
    }
    return place;
}

Result<BodyPlace> read_header(LittleEndianReader reader, DcapQuote& out) {
    CHATMCP_TRY(out.version, reader.u16());
    CHATMCP_TRY(const std::uint16_t key_type, reader.u16());
    CHATMCP_TRY(const std::uint32_t tee, reader.u32());
    CHATMCP_TRY_VOID(reader.bytes(4));  // SVNs of QE and PCE: the QE report and PCK say them.
    CHATMCP_TRY(out.qe_vendor_id, reader.array<16>());
    CHATMCP_TRY_VOID(reader.bytes(20));  // User data.
    if (key_type != kEcdsaP256 || (tee != kTeeSgx && tee != kTeeTdx)) {
        return unsupported();
    }
    switch (out.version) {
        case 3:
            return tee == kTeeSgx ? Result<BodyPlace>(BodyPlace{}) : unsupported();
        case 4:
            return tee == kTeeSgx ? BodyPlace{}
                                  : BodyPlace{.td = true, .size_bytes = TdReport::kBytes10};
        case 5:
            return typed_body(reader, tee, out);
        default:
            return unsupported();
    }
}

/// QE report, its signature, authentication data and the certification data inside.
Result<void> read_qe(LittleEndianReader& reader, DcapQuote& out) {
    CHATMCP_TRY(out.qe_report_bytes, reader.bytes(SgxReport::kBytes));
    CHATMCP_TRY(out.qe_report, SgxReport::read(out.qe_report_bytes));
    CHATMCP_TRY(out.qe_report_signature, reader.bytes(kSignatureBytes));
    CHATMCP_TRY(const std::uint16_t auth_bytes, reader.u16());
    CHATMCP_TRY(out.qe_auth_data, reader.bytes(auth_bytes));
    CHATMCP_TRY(out.certification_type, reader.u16());
    CHATMCP_TRY(const std::uint32_t certification_bytes, reader.u32());
    CHATMCP_TRY(out.certification_data, reader.bytes(certification_bytes));
    if (!reader.rest().empty()) {
        return fail(Errc::malformed, "ATT-56");
    }
    return {};
}

Result<void> read_signature_data(ByteView data, DcapQuote& out) {
    LittleEndianReader reader(data);
    CHATMCP_TRY(out.signature, reader.bytes(kSignatureBytes));
    CHATMCP_TRY(out.attestation_key, reader.bytes(kKeyBytes));
    if (out.version == 3) {
        return read_qe(reader, out);
    }
    CHATMCP_TRY(const std::uint16_t type, reader.u16());
    CHATMCP_TRY(const std::uint32_t size_bytes, reader.u32());
    if (type != kQeReportCertification) {
        return unsupported();
    }
    if (size_bytes != reader.rest().size()) {
        return fail(Errc::malformed, "ATT-56");
    }
    return read_qe(reader, out);
}

}  // namespace

Result<SgxReport> SgxReport::read(ByteView bytes) {
    LittleEndianReader reader(bytes);
    SgxReport out;
    CHATMCP_TRY(out.cpu_svn, reader.array<16>());
    CHATMCP_TRY(out.misc_select, reader.array<4>());
    CHATMCP_TRY_VOID(reader.bytes(28));
    CHATMCP_TRY(out.attributes, reader.array<16>());
    CHATMCP_TRY(out.mr_enclave, reader.array<32>());
    CHATMCP_TRY_VOID(reader.bytes(32));
    CHATMCP_TRY(out.mr_signer, reader.array<32>());
    CHATMCP_TRY_VOID(reader.bytes(96));
    CHATMCP_TRY(out.isv_prod_id, reader.u16());
    CHATMCP_TRY(out.isv_svn, reader.u16());
    CHATMCP_TRY_VOID(reader.bytes(60));
    CHATMCP_TRY(out.report_data, reader.array<64>());
    return out;
}

Result<TdReport> TdReport::read(ByteView bytes) {
    LittleEndianReader reader(bytes);
    TdReport out;
    CHATMCP_TRY(out.tee_tcb_svn, reader.array<16>());
    CHATMCP_TRY(out.mr_seam, reader.array<48>());
    CHATMCP_TRY(out.mr_signer_seam, reader.array<48>());
    CHATMCP_TRY(out.seam_attributes, reader.array<8>());
    CHATMCP_TRY(out.td_attributes, reader.array<8>());
    CHATMCP_TRY(out.xfam, reader.array<8>());
    CHATMCP_TRY(out.mr_td, reader.array<48>());
    CHATMCP_TRY(out.mr_config_id, reader.array<48>());
    CHATMCP_TRY(out.mr_owner, reader.array<48>());
    CHATMCP_TRY(out.mr_owner_config, reader.array<48>());
    for (ByteArray<48>& rtmr : out.rtmr) {
        CHATMCP_TRY(rtmr, reader.array<48>());
    }
    CHATMCP_TRY(out.report_data, reader.array<64>());
    out.version_15 = bytes.size() == kBytes15;
    if (out.version_15) {
        CHATMCP_TRY(out.tee_tcb_svn2, reader.array<16>());
        CHATMCP_TRY(out.mr_service_td, reader.array<48>());
    }
    return out;
}

Result<DcapQuote> DcapQuote::read(ByteView bytes) {
    DcapQuote out;
    CHATMCP_TRY(const BodyPlace place, read_header(LittleEndianReader(bytes), out));
    LittleEndianReader whole(bytes);
    CHATMCP_TRY(out.signed_part, whole.bytes(place.offset + place.size_bytes));
    const ByteView body = out.signed_part.subspan(place.offset);
    if (place.td) {
        CHATMCP_TRY(out.body, TdReport::read(body));
    } else {
        CHATMCP_TRY(out.body, SgxReport::read(body));
    }
    CHATMCP_TRY(const std::uint32_t signature_bytes, whole.u32());
    CHATMCP_TRY(const ByteView signature_data, whole.bytes(signature_bytes));
    CHATMCP_TRY_VOID(read_signature_data(signature_data, out));
    // Clouds hand out buffers of a fixed size.
    if (!std::ranges::all_of(whole.rest(), [](std::uint8_t byte) { return byte == 0; })) {
        return fail(Errc::trailing_bytes, "ATT-58");
    }
    out.padding_bytes = whole.rest().size();
    return out;
}

}  // namespace chatmcp::attest
