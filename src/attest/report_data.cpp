#include "attest/report_data.h"

#include "wire/tls.h"

namespace chatmcp::attest {

wire::ReportData report_data(const ReportDataInput& input) {
    wire::Writer writer;
    writer.vector(as_bytes("ChatMCP report data 1"));
    writer.fixed(input.enclave_key);
    writer.fixed(input.leaf_signature_key);
    writer.fixed(input.configuration_digest);
    writer.fixed(input.group_id);
    writer.fixed(input.nonce);
    return crypto::sha512(writer.view());
}

}  // namespace chatmcp::attest
