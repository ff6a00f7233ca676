// The first byte chooses a structure of content.h; what decodes as it encodes to the same bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/content.h"

namespace {

template <class T>
void check(chatmcp::ByteView input) {
    const auto value = chatmcp::wire::decode<T>(input);
    if (value.has_value()) {
        CHATMCP_CHECK(chatmcp::equal(chatmcp::wire::encode(*value), input));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp::wire;
    if (size == 0) {
        return 0;
    }
    constexpr void (*kChecks[])(chatmcp::ByteView) = {check<Content>,
                                                      check<Grant>,
                                                      check<Announcement>,
                                                      check<Agreement>,
                                                      check<Payment>,
                                                      check<PaymentRequest>,
                                                      check<Copy>,
                                                      check<Question>,
                                                      check<Progress>,
                                                      check<Refusal>,
                                                      check<Receipt>,
                                                      check<CommitmentKeys>,
                                                      check<AnswerText>,
                                                      check<Answer>,
                                                      check<AnswerPost>};
    kChecks[data[0] % std::size(kChecks)](chatmcp::ByteView(data + 1, size - 1));
    return 0;
}
