// Whatever a model writes: what passes the checks has the shape that they promise, and rests on
// messages that were shown.

#include <cstddef>
#include <cstdint>

#include "assistant/answer.h"
#include "assistant/answer_amounts.h"
#include "assistant/prompt.h"
#include "base/bytes.h"
#include "base/check.h"

namespace chatmcp::assistant {
namespace {

const ShownMessages& shown() {
    static const ShownMessages messages = {{1, "The flat is 264 euros for three nights."},
                                           {2, "I paid with my card on Friday at 7:40."},
                                           {12, "Fine."}};
    return messages;
}

void check_messages(const std::vector<std::uint32_t>& messages) {
    CHATMCP_CHECK(!messages.empty());
    for (const std::uint32_t number : messages) {
        CHATMCP_CHECK(shown().contains(number));
    }
}

void check_text(const std::string& text, const std::vector<std::uint32_t>& messages) {
    CHATMCP_CHECK(text == as_data(text, text.size()));
    AmountsSupported amounts;
    for (const std::uint32_t number : messages) {
        amounts.add(shown().at(number));
    }
    for (const std::string& stated : amounts_stated(text)) {
        CHATMCP_CHECK(amounts.supports(stated));
    }
}

void check_sentences(const Result<std::vector<GroundedSentence>>& sentences) {
    if (!sentences) {
        return;
    }
    CHATMCP_CHECK(!sentences->empty());
    for (const GroundedSentence& sentence : *sentences) {
        check_messages(sentence.messages);
        check_text(sentence.text, sentence.messages);
    }
}

void run(std::string_view output) {
    DropList dropped;
    check_sentences(ground_answer(output, shown(), dropped));
    check_sentences(ground_summary(output, Basis(shown()), dropped));
    CHATMCP_CHECK(dropped.explain().size() == dropped.list().size());
    const std::string data = as_data(output, kMessageTextMaxBytes);
    CHATMCP_CHECK(data.size() <= kMessageTextMaxBytes);
    CHATMCP_CHECK(data.size() == kMessageTextMaxBytes || as_data(data, data.size()) == data);
}

}  // namespace
}  // namespace chatmcp::assistant

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::assistant::run(chatmcp::as_text({data, size}));
    return 0;
}
