#pragma once

#include "attest/json_value.h"
#include "attest/policy.h"
#include "attest/rapidjson.h"

namespace chatmcp::attest {

/// The section of one kind of hardware in a policy file.
///
/// Errors: malformed (ATT-34) wrong type, (ATT-36) a digest; invalid_argument (ATT-33) a rule that
///         this kind does not have, (ATT-37) a number out of its range, (ATT-39) a repeated value;
///         too_large (ATT-38) too many values.
[[nodiscard]] Result<HardwarePolicy> parse_hardware_policy(const JsonValue& value, Kind kind);

/// The same section written: every rule that is not as strict as its default.
void write_hardware_policy(rapidjson::PrettyWriter<rapidjson::StringBuffer>& json,
                           const HardwarePolicy& policy);

}  // namespace chatmcp::attest
