#include "attest/kind.h"

#include "base/check.h"
#include "wire/evidence.h"

namespace chatmcp::attest {

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::simulated:
            return "simulated";
        case Kind::sgx:
            return "sgx";
        case Kind::tdx:
            return "tdx";
    }
    CHATMCP_CHECK(false && "a Kind that has no enumerator");
    return {};
}

std::string_view class_name(Class value) {
    switch (value) {
        case Class::confidential:
            return "confidential";
        case Class::key_protection:
            return "key-protection";
        case Class::simulated:
            return "simulated";
    }
    CHATMCP_CHECK(false && "a Class that has no enumerator");
    return {};
}

Class class_of(Kind kind) {
    switch (kind) {
        case Kind::simulated:
            return Class::simulated;
        case Kind::sgx:
        case Kind::tdx:
            return Class::confidential;
    }
    CHATMCP_CHECK(false && "a Kind that has no enumerator");
    return Class::simulated;
}

Result<Kind> kind_of_media_type(std::string_view media_type) {
    if (media_type == wire::SimulatedQuote::kMediaType) {
        return Kind::simulated;
    }
    return fail(Errc::unsupported, "ATT-10");
}

}  // namespace chatmcp::attest
