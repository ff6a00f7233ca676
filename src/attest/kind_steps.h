#pragma once

#include <vector>

#include "attest/appraisal.h"
#include "attest/evidence.h"
#include "attest/json_writer.h"

namespace chatmcp::attest {

/// What each kind brings to the three steps, one overload for each: signatures, chains and
/// collateral (errors: those of its verifier); the factors that it can say more of than
/// judge_hardware; and its claims in JSON.

[[nodiscard]] Result<Claims> verify_content(const wire::SimulatedQuote& quote,
                                            const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const SimulatedClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const SimulatedClaims& details);

[[nodiscard]] Result<Claims> verify_content(const DcapQuote& quote, const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const DcapClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const DcapClaims& details);

[[nodiscard]] Result<Claims> verify_content(const SignedSnpReport& report,
                                            const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const SnpClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const SnpClaims& details);

[[nodiscard]] Result<Claims> verify_content(const NitroDocument& document,
                                            const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const NitroClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const NitroClaims& details);

[[nodiscard]] Result<Claims> verify_content(const PsaToken& token, const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const PsaClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const PsaClaims& details);

[[nodiscard]] Result<Claims> verify_content(const CcaToken& token, const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const CcaClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const CcaClaims& details);

[[nodiscard]] Result<Claims> verify_content(const TpmFiles& files, const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const TpmClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const TpmClaims& details);

[[nodiscard]] Result<Claims> verify_content(const AzureEvidence& evidence,
                                            const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const AzureVtpmClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const AzureVtpmClaims& details);

[[nodiscard]] Result<Claims> verify_content(const NvidiaReport& report,
                                            const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const NvidiaGpuClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const NvidiaGpuClaims& details);

[[nodiscard]] Result<Claims> verify_content(const AndroidKeyChain& chain,
                                            const VerificationInput& input);
[[nodiscard]] std::vector<Factor> judge_details(const AndroidKeyClaims& details,
                                                const AppraisalInput& input);
void write_details(JsonWriter& json, const AndroidKeyClaims& details);

/// What lies beside a quote of SGX or TDX.
[[nodiscard]] DcapCollateral dcap_collateral_of(const EvidenceBundle& bundle);

}  // namespace chatmcp::attest
