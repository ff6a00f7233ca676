#include "cli/evidence_files.h"

#include <string>
#include <utility>

#include "cli/files.h"

namespace chatmcp::cli {

namespace {

/// What the folder holds, as far as it is small and few enough to be evidence.
Result<attest::NamedFiles> files_of(const std::filesystem::path& folder) {
    attest::NamedFiles out;
    std::error_code problem;
    for (std::filesystem::directory_iterator entry(folder, problem), end;
         !problem && entry != end && out.size() < attest::kBundleFilesMax;
         entry.increment(problem)) {
        if (!entry->is_regular_file(problem) ||
            entry->file_size(problem) > attest::kBundleFileMaxBytes) {
            continue;
        }
        CHATMCP_TRY(out[entry->path().filename().string()],
                    read_file(entry->path(), attest::kBundleFileMaxBytes));
    }
    return out;
}

}  // namespace

Result<attest::EvidenceBundle> read_evidence(const std::filesystem::path& path,
                                             std::optional<attest::Kind> forced) {
    const auto known = [](Result<attest::EvidenceBundle> bundle) {
        return bundle.has_value() ? std::move(bundle) : fail(Errc::invalid_argument, "CLI-24");
    };
    std::error_code problem;
    if (std::filesystem::is_directory(path, problem)) {
        CHATMCP_TRY(attest::NamedFiles files, files_of(path));
        return known(attest::bundle_of_files(std::move(files), forced));
    }
    CHATMCP_TRY(Bytes content, read_file(path, attest::kBundleFileMaxBytes));
    return known(attest::bundle_of_file(std::move(content), forced));
}

}  // namespace chatmcp::cli
