#include "wire/content.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "support/formats.h"
#include "wire/content_samples.h"

namespace chatmcp::wire {
namespace {

using namespace testing;

template <class T>
void expect_whole_and_canonical(const char* name, const T& value) {
    SCOPED_TRACE(name);
    const Bytes bytes = encode(value);
    const auto decoded = decode<T>(bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(encode(*decoded), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_FALSE(decode<T>(ByteView(bytes).first(size)).has_value()) << size;
    }
    Bytes longer = bytes;
    longer.push_back(0);
    const auto trailing = decode<T>(longer);
    ASSERT_FALSE(trailing.has_value());
    EXPECT_STREQ(trailing.error().check, "WIRE-05");
}

template <class T>
void expect_refused(const Bytes& bytes, const char* check) {
    const auto decoded = decode<T>(bytes);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_STREQ(decoded.error().check, check);
}

Bytes with_byte(Bytes bytes, std::size_t at, std::uint8_t value) {
    bytes.at(at) = value;
    return bytes;
}

TEST(Content, EveryStructureReadsBackAndNoPartOfItDoes) {
    expect_whole_and_canonical("content", sample_content());
    expect_whole_and_canonical("grant", sample_grant());
    expect_whole_and_canonical("announcement", sample_announcement());
    expect_whole_and_canonical("agreement", sample_agreement());
    expect_whole_and_canonical("payment", sample_payment());
    expect_whole_and_canonical("payment request", sample_payment_request());
    expect_whole_and_canonical("copy", sample_copy());
    expect_whole_and_canonical("question", sample_question());
    expect_whole_and_canonical("progress", sample_progress());
    expect_whole_and_canonical("refusal", sample_refusal());
    expect_whole_and_canonical("receipt", sample_receipt());
    expect_whole_and_canonical("keys", sample_keys());
    expect_whole_and_canonical("answer text", sample_answer_text());
    expect_whole_and_canonical("answer", sample_answer());
    expect_whole_and_canonical("answer post", sample_answer_post());
}

TEST(Content, TheFormatsPageShowsTheseVeryBytes) {
    using chatmcp::testing::format_vector;
    EXPECT_EQ(format_vector("wire::Content"), encode(sample_content()));
    EXPECT_EQ(format_vector("wire::Grant"), encode(sample_grant()));
    EXPECT_EQ(format_vector("wire::Announcement"), encode(sample_announcement()));
    EXPECT_EQ(format_vector("wire::Agreement"), encode(sample_agreement()));
    EXPECT_EQ(format_vector("wire::Payment"), encode(sample_payment()));
    EXPECT_EQ(format_vector("wire::PaymentRequest"), encode(sample_payment_request()));
    EXPECT_EQ(format_vector("wire::Copy"), encode(sample_copy()));
    EXPECT_EQ(format_vector("wire::Question"), encode(sample_question()));
    EXPECT_EQ(format_vector("wire::Progress"), encode(sample_progress()));
    EXPECT_EQ(format_vector("wire::Refusal"), encode(sample_refusal()));
    EXPECT_EQ(format_vector("wire::AnswerText"), encode(sample_answer_text()));
    EXPECT_EQ(format_vector("wire::CommitmentKeys"), encode(sample_keys()));
    EXPECT_EQ(format_vector("wire::Receipt"), encode(sample_receipt()));
    EXPECT_EQ(format_vector("wire::Answer"), encode(sample_answer()));
    EXPECT_EQ(format_vector("wire::AnswerPost"), encode(sample_answer_post()));
}

TEST(Content, AnUnknownTypeIsUnsupported) {
    const Bytes bytes = encode(sample_content());
    for (const int type : {0, 9, 15, 21, 255}) {
        expect_refused<Content>(with_byte(bytes, 32, static_cast<std::uint8_t>(type)), "CON-01");
    }
}

TEST(Content, ATimeBeyondEveryClockIsRefused) {
    expect_refused<Content>(with_byte(encode(sample_content()), 33, 0x80), "CON-02");
}

TEST(Content, TextThatIsNotUtf8IsRefused) {
    Content content = sample_content();
    content.body = {0xc3};
    expect_refused<Content>(encode(content), "CON-03");
    Question question = sample_question();
    question.text = "\xff";
    expect_refused<Question>(encode(question), "CON-03");
    AnswerText answer = sample_answer_text();
    answer.points[0] = "\xed\xa0\x80";
    expect_refused<AnswerText>(encode(answer), "CON-03");
}

TEST(Content, APaymentsCommitmentIsOfItsConversationAndOfEveryTerm) {
    const PaymentTerms terms = sample_payment().terms;
    const GroupId here{1};
    const Digest commitment = terms.commitment(here);
    EXPECT_EQ(commitment, crypto::sha256({as_bytes("chatmcp payment"), here, encode(terms)}));
    EXPECT_NE(terms.commitment(GroupId{2}), commitment);
    PaymentTerms other = terms;
    ++other.amount;
    EXPECT_NE(other.commitment(here), commitment);
}

TEST(Content, TextAboveItsLimitIsRefused) {
    Content content = sample_content();
    content.type = ContentType::copy;
    content.body.assign(Content::kTextMaxBytes + 1, 'a');
    expect_refused<Content>(with_byte(encode(content), 32, 1), "WIRE-03");
}

TEST(Content, ANumberThatNamesNothingIsRefused) {
    expect_refused<Question>(with_byte(encode(sample_question()), 0, 0), "CON-04");
    expect_refused<Question>(with_byte(encode(sample_question()), 0, 3), "CON-04");
    expect_refused<Progress>(with_byte(encode(sample_progress()), 32, 4), "CON-04");
    Bytes agreement = encode(sample_agreement());
    agreement.back() = 3;
    expect_refused<Agreement>(agreement, "CON-04");
    Receipt receipt = sample_receipt();
    receipt.time_source = 0;
    expect_refused<Receipt>(encode(receipt), "CON-04");
}

TEST(Content, APostThatShowsNoQuestionIsRefused) {
    AnswerPost post = sample_answer_post();
    post.asked.type = ContentType::refusal;
    expect_refused<AnswerPost>(encode(post), "CON-11");
    post = sample_answer_post();
    post.asked.body[0] = 3;
    expect_refused<AnswerPost>(encode(post), "CON-04");
    EXPECT_EQ(sample_answer_post().question().text, sample_question().text);
}

TEST(Content, ARefusalWithoutTheNameOfACheckIsRefused) {
    const Bytes refusal = encode(sample_refusal());
    // The text of the check begins behind the question's id and the length.
    expect_refused<Refusal>(with_byte(refusal, 33, '\x1b'), "CON-12");
    expect_refused<Refusal>(with_byte(refusal, 35, 't'), "CON-12");
}

TEST(Content, ScopesOutOfOrderTwiceOrNoneAreRefused) {
    Grant grant = sample_grant();
    grant.scopes = {Scope::summarise, Scope::answer};
    expect_refused<Grant>(encode(grant), "CON-05");
    grant.scopes = {Scope::answer, Scope::answer};
    expect_refused<Grant>(encode(grant), "CON-05");
    Writer none;
    none.fixed(grant.agent_credential_digest);
    none.vector({});
    expect_refused<Grant>(none.take(), "CON-05");
}

TEST(Content, PositionsOfCopiesThatDoNotRiseAreRefused) {
    Copy copy = sample_copy();
    copy.originals[1].position = copy.originals[0].position;
    expect_refused<Copy>(encode(copy), "CON-06");
    copy.originals[0].position = 0;
    expect_refused<Copy>(encode(copy), "CON-06");
    copy.originals.clear();
    expect_refused<Copy>(encode(copy), "CON-06");
}

TEST(Content, CopiesAboveTheirLimitTogetherAreRefused) {
    Copy copy;
    const std::size_t half = Copy::kOriginalsMaxBytes / 2;
    copy.originals = {{.position = 1, .content = Bytes(half, 'a')},
                      {.position = 2, .content = Bytes(half, 'b')}};
    EXPECT_TRUE(decode<Copy>(encode(copy)).has_value());
    copy.originals.push_back({.position = 3, .content = Bytes(1, 'c')});
    expect_refused<Copy>(encode(copy), "CON-07");
}

TEST(Content, AReceiptOfAnotherVersionIsRefused) {
    expect_refused<Receipt>(with_byte(encode(sample_receipt()), 1, 2), "CON-08");
}

TEST(Content, MoreLinesThanTheLimitAreRefused) {
    Writer writer;
    writer.vector(as_bytes("text"));
    writer.vector_of([](Writer& list) {
        for (std::size_t i = 0; i <= AnswerText::kLinesMax; ++i) {
            list.vector({});
        }
    });
    writer.vector({});
    writer.vector({});
    expect_refused<AnswerText>(writer.take(), "CON-09");
}

TEST(Content, AMessageIdCoversConversationAuthorAndEveryByte) {
    const GroupId conversation = counting_array(1);
    const Bytes content = encode(sample_content());
    const MessageId id = message_id(conversation, "solana:x:a", content);
    EXPECT_EQ(message_id(conversation, "solana:x:a", content), id);
    EXPECT_NE(message_id(counting_array(2), "solana:x:a", content), id);
    EXPECT_NE(message_id(conversation, "solana:x:b", content), id);
    EXPECT_NE(message_id(conversation, "solana:x:a", with_byte(content, 0, 0)), id);
}

TEST(Content, PlaintextsArePaddedToFewSizes) {
    EXPECT_EQ(padded_size(0), 256u);
    EXPECT_EQ(padded_size(256), 256u);
    EXPECT_EQ(padded_size(257), 512u);
    EXPECT_EQ(padded_size(65536), 65536u);
    EXPECT_EQ(padded_size(65537), 131072u);
}

TEST(Content, AGrantsDigestNamesEveryField) {
    const Digest digest = sample_grant().digest();
    Grant other = sample_grant();
    other.questions_max = 51;
    EXPECT_NE(other.digest(), digest);
    other = sample_grant();
    other.scopes = {Scope::answer};
    EXPECT_NE(other.digest(), digest);
}

}  // namespace
}  // namespace chatmcp::wire
