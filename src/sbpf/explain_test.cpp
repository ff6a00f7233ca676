#include "sbpf/explain.h"

#include <regex>

#include <gtest/gtest.h>

#include "support/files.h"

namespace chatmcp::sbpf {
namespace {

TEST(Explain, EveryRowHasASentenceForPeople) {
    const std::string page = testing::read_project_file("docs/CHECKS.md");
    const std::regex row("\\| (SBF-[0-9]+) \\|");
    int rows = 0;
    for (std::sregex_iterator found(page.begin(), page.end(), row), end; found != end; ++found) {
        const std::string check = (*found)[1];
        const std::string text = explain({Errc::malformed, check.c_str()}, {});
        EXPECT_NE(text.find("(" + check + ")"), std::string::npos);
        EXPECT_EQ(text.find("refused"), std::string::npos) << text;
        ++rows;
    }
    EXPECT_GE(rows, 24);
    EXPECT_EQ(explain({Errc::malformed, "XYZ-1"}, {}), "refused (XYZ-1)");
}

TEST(Explain, SaysWhere) {
    const Place place{.section = ".text", .function = "run", .name = "table", .offset = 24};
    const std::string text = explain({Errc::malformed, "SBF-24"}, place);
    EXPECT_NE(text.find(".text offset 24 in run: table"), std::string::npos) << text;
}

}  // namespace
}  // namespace chatmcp::sbpf
