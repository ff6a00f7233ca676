#include "assistant/context.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

namespace chatmcp::assistant {

namespace {

// Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), 3.3.
constexpr double kSaturation = 1.2;    // k1
constexpr double kLengthWeight = 0.4;  // b: lower than usual, since spoken turns are short anyway.
constexpr std::size_t kSpread = 8;     // Messages over which a window's score is spread.
constexpr std::size_t kQuestionTermsMax = 64;

constexpr auto kCommonWords = std::to_array<std::string_view>(
    {"a",      "about", "above",     "according", "after",     "again",     "all",
     "also",   "am",    "an",        "and",       "any",       "are",       "as",
     "at",     "be",    "because",   "been",      "before",    "being",     "but",
     "by",     "can",   "could",     "did",       "discuss",   "discussed", "discussion",
     "do",     "does",  "doing",     "down",      "during",    "each",      "few",
     "for",    "from",  "further",   "group",     "had",       "has",       "have",
     "having", "he",    "her",       "here",      "hers",      "him",       "his",
     "how",    "i",     "if",        "in",        "into",      "is",        "it",
     "its",    "just",  "me",        "mention",   "mentioned", "more",      "most",
     "my",     "no",    "nor",       "not",       "of",        "off",       "on",
     "once",   "only",  "or",        "other",     "our",       "out",       "over",
     "own",    "said",  "same",      "say",       "she",       "should",    "so",
     "some",   "such",  "summarise", "summarize", "talk",      "talked",    "team",
     "than",   "that",  "the",       "their",     "them",      "then",      "there",
     "these",  "they",  "think",     "this",      "those",     "thought",   "through",
     "to",     "too",   "under",     "until",     "up",        "very",      "was",
     "we",     "were",  "what",      "when",      "where",     "which",     "while",
     "who",    "whom",  "why",       "will",      "with",      "would",     "you",
     "your"});
static_assert(std::ranges::is_sorted(kCommonWords));

bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// English endings off, roughly: "buttons" and "button" meet, "deciding" and "decided" too.
void cut_ending(std::string& word) {
    if (word.size() > 4 && word.ends_with("ies")) {
        word.replace(word.size() - 3, 3, "y");
        return;
    }
    for (const std::string_view ending : {"ing", "ed"}) {
        if (word.size() > ending.size() + 3 && word.ends_with(ending)) {
            word.resize(word.size() - ending.size());
            const char last = word.back();
            if (word.size() > 3 && last == word[word.size() - 2] && last != 'l' && last != 's') {
                word.pop_back();  // "planned" to "plan".
            }
            return;
        }
    }
    if (word.size() > 3 && word.ends_with("s") && !word.ends_with("ss")) {
        word.pop_back();
    }
    if (word.size() > 4 && word.ends_with("e")) {
        word.pop_back();
    }
}

/// How often each of the question's terms stands in each message.
struct Index {
    std::vector<std::vector<std::uint32_t>> hits;  // [message][term]
    std::vector<std::uint32_t> lengths;            // In terms.
    std::size_t terms = 0;
};

Index index_of(std::string_view question, std::span<const Candidate> candidates) {
    std::map<std::string, std::size_t> ids;
    for (const std::string& term : search_terms(question)) {
        if (ids.size() < kQuestionTermsMax) {
            ids.emplace(term, ids.size());
        }
    }
    Index index;
    index.terms = ids.size();
    for (const Candidate& candidate : candidates) {
        std::vector<std::uint32_t> hits(ids.size());
        std::uint32_t length = 0;
        for (const std::string_view text : {candidate.author, candidate.text}) {
            for (const std::string& term : search_terms(text)) {
                ++length;
                if (const auto at = ids.find(term); at != ids.end()) {
                    ++hits[at->second];
                }
            }
        }
        index.hits.push_back(std::move(hits));
        index.lengths.push_back(length);
    }
    return index;
}

/// BM25 of the window of three around each message.
std::vector<double> window_scores(const Index& index) {
    const std::size_t count = index.hits.size();
    std::vector<std::vector<double>> frequency(count, std::vector<double>(index.terms));
    std::vector<double> length(count);
    std::vector<double> windows_with(index.terms);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t last = std::min(i + 1, count - 1);
        for (std::size_t j = i == 0 ? 0 : i - 1; j <= last; ++j) {
            length[i] += index.lengths[j];
            for (std::size_t t = 0; t < index.terms; ++t) {
                frequency[i][t] += index.hits[j][t];
            }
        }
        for (std::size_t t = 0; t < index.terms; ++t) {
            windows_with[t] += frequency[i][t] > 0 ? 1 : 0;
        }
    }
    const double total = std::accumulate(length.begin(), length.end(), 0.0);
    const double mean = std::max(total / static_cast<double>(count), 1.0);
    std::vector<double> scores(count);
    for (std::size_t i = 0; i < count; ++i) {
        const double norm = kSaturation * (1 - kLengthWeight + kLengthWeight * length[i] / mean);
        for (std::size_t t = 0; t < index.terms; ++t) {
            const double rare = std::log(1 + (static_cast<double>(count) - windows_with[t] + 0.5) /
                                                 (windows_with[t] + 0.5));
            const double f = frequency[i][t];
            scores[i] += rare * f * (kSaturation + 1) / (f + norm);
        }
    }
    return scores;
}

std::vector<double> spread_scores(const std::vector<double>& scores) {
    const std::size_t count = scores.size();
    std::vector<double> spread(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t last = std::min(i + kSpread, count - 1);
        for (std::size_t j = i > kSpread ? i - kSpread : 0; j <= last; ++j) {
            const auto away = static_cast<double>(i > j ? i - j : j - i);
            spread[i] += scores[j] * (1 - away / static_cast<double>(kSpread + 1));
        }
    }
    return spread;
}

}  // namespace

std::vector<std::string> search_terms(std::string_view text) {
    std::vector<std::string> terms;
    std::string word;
    const auto finish = [&] {
        if (!word.empty() && !std::ranges::binary_search(kCommonWords, word)) {
            cut_ending(word);
            terms.push_back(word);
        }
        word.clear();
    };
    for (const char raw : text) {
        const char c = raw >= 'A' && raw <= 'Z' ? static_cast<char>(raw + ('a' - 'A')) : raw;
        if (is_word_byte(c)) {
            word.push_back(c);
        } else {
            finish();
        }
    }
    finish();
    return terms;
}

std::vector<std::size_t> select_messages(std::string_view question,
                                         std::span<const Candidate> candidates,
                                         std::uint32_t tokens_max) {
    std::vector<std::size_t> order(candidates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto tokens = [&](std::uint64_t sum, const Candidate& c) { return sum + c.tokens; };
    if (std::accumulate(candidates.begin(), candidates.end(), std::uint64_t{0}, tokens) <=
        tokens_max) {
        return order;
    }
    const auto scores = spread_scores(window_scores(index_of(question, candidates)));
    if (std::ranges::all_of(scores, [](double s) { return s <= 0; })) {
        std::ranges::reverse(order);
    } else {
        std::erase_if(order, [&](std::size_t i) { return scores[i] <= 0; });
        std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
            return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
        });
    }
    std::vector<std::size_t> chosen;
    std::uint64_t used = 0;
    for (const std::size_t i : order) {
        if (used + candidates[i].tokens <= tokens_max) {
            used += candidates[i].tokens;
            chosen.push_back(i);
        }
    }
    std::ranges::sort(chosen);
    return chosen;
}

std::vector<Part> cut_into_parts(std::span<const std::uint32_t> tokens, std::uint32_t tokens_max) {
    const auto total = std::accumulate(tokens.begin(), tokens.end(), std::uint64_t{0});
    const std::uint64_t count = std::max<std::uint64_t>(1, (total + tokens_max - 1) / tokens_max);
    const std::uint64_t target = (total + count - 1) / count;
    std::vector<Part> parts;
    std::uint64_t used = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const bool full = used >= target || used + tokens[i] > tokens_max;
        if (parts.empty() || full) {
            parts.push_back({i, i});
            used = 0;
        }
        parts.back().end = i + 1;
        used += tokens[i];
    }
    return parts;
}

}  // namespace chatmcp::assistant
