#include <filesystem>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "attest/appraise.h"
#include "attest/collateral_request.h"
#include "base/check.h"
#include "base/encoding.h"
#include "cli/attest_report.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/files.h"
#include "net/http_document.h"

namespace chatmcp::cli {

namespace {

constexpr unsigned kReadableByAll = 0644;
constexpr std::size_t kCaFileMaxBytes = std::size_t{1} << 20;

/// Gets documents from the makers' services, or all of them from one caching service.
class Services {
  public:
    /// Errors: those of parse_server_url, read_file and make_client_tls.
    static Result<Services> open(const std::string& service, const std::string& ca_file) {
        Services out;
        if (!service.empty()) {
            CHATMCP_TRY(out.cache_, net::parse_server_url(service));
        }
        Bytes ca;
        if (!ca_file.empty()) {
            CHATMCP_TRY(ca, read_file(ca_file, kCaFileMaxBytes));
        }
        if (!out.cache_.has_value() || out.cache_->tls) {
            CHATMCP_TRY(out.tls_, net::make_client_tls(as_text(ca)));
        }
        return out;
    }

    /// A document and its issuer chain, by their file names.
    /// Errors: those of http_get; not_found (CLI-28) an answer without its issuer chain; those of
    ///         collateral_of_body and issuer_chain_of_header.
    [[nodiscard]] Result<attest::NamedFiles> get(const attest::CollateralRequest& request) const {
        net::ServerUrl server;
        std::string path = request.path;
        if (cache_.has_value()) {
            server = *cache_;
            if (!request.cache_path.empty()) {
                path = request.cache_path;
            }
        } else {
            CHATMCP_TRY(server,
                        net::parse_server_url(attest::collateral_service_url(request.service)));
        }
        CHATMCP_TRY(const net::HttpDocument answer, net::http_get(server, path, tls_));
        attest::NamedFiles files;
        CHATMCP_TRY(files[request.file], attest::collateral_of_body(request, answer.body));
        if (!request.chain_file.empty()) {
            const auto chain = answer.headers.first(request.chain_header);
            if (!chain.has_value()) {
                return fail(Errc::not_found, "CLI-28");
            }
            CHATMCP_TRY(files[request.chain_file], attest::issuer_chain_of_header(*chain));
        }
        return files;
    }

  private:
    std::optional<net::ServerUrl> cache_;
    net::TlsContext tls_;
};

class AttestFetch final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "attest fetch"; }
    [[nodiscard]] std::string summary() const override {
        return "get the collateral of evidence from its maker, verify it and keep it beside";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"kind", "folder", "fetched", "files"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("PATH", path_, "file with evidence, or a folder with it")->required();
        app.add_option("--out",
                       out_,
                       "folder to keep evidence and collateral in (default: PATH, if it is one)")
            ->type_name("DIR");
        app.add_option("--service",
                       service_,
                       "get everything from this caching service instead of the makers: "
                       "https://host:port, or http:// on this machine")
            ->type_name("URL");
        app.add_option("--ca", ca_, "trust these roots for TLS, PEM (default: the system's)")
            ->type_name("FILE");
        app.add_flag("--refresh", refresh_, "fetch although what is there still verifies");
        app.add_option("--at", at_, "verify what came at this time, RFC 3339 (default: now)")
            ->type_name("TIME");
        app.add_option("--kind", kind_, "what it is, instead of finding out by its content")
            ->type_name("KIND");
        app.add_option("--roots", roots_, "folder with roots to use instead of the makers' own")
            ->type_name("DIR");
    }

    Result<ExitCode> run(const Context& context) override {
        std::optional<attest::Kind> forced;
        if (!kind_.empty()) {
            const auto named = attest::kind_named(kind_);
            if (!named.has_value()) {
                return fail(Errc::invalid_argument, "CLI-25");
            }
            forced = *named;
        }
        CHATMCP_TRY(const std::filesystem::path folder, folder_of());
        // What was fetched before lies there, and is told from the evidence by its name.
        CHATMCP_TRY(const attest::EvidenceBundle given, read_evidence(path_, forced));
        CHATMCP_TRY(const auto requests, attest::collateral_requests(given));
        CHATMCP_TRY(roots_in_use_, read_roots(roots_));
        at_time_ = SystemClock().now();
        if (!at_.empty()) {
            CHATMCP_TRY(at_time_, from_time_text(at_));
        }
        CHATMCP_TRY(attest::EvidenceBundle before, with_kept(given, folder, requests));
        if (!refresh_ && has_all(before, requests) && verify(before).claims.has_value()) {
            context.output.note("what lies there still verifies: nothing was fetched");
            return report(context, before, folder, {});
        }
        CHATMCP_TRY(const attest::NamedFiles fetched, fetch(context, before, requests));
        attest::EvidenceBundle after = before;
        for (const auto& [file, content] : fetched) {
            after.beside.insert_or_assign(file, content);
        }
        const attest::FactorReport verified = verify(after);
        if (!verified.claims.has_value()) {
            const auto error = verified.first_error();
            CHATMCP_CHECK(error.has_value());
            return fail(*error);
        }
        CHATMCP_TRY_VOID(keep(after, folder, fetched));
        return report(context, after, folder, fetched);
    }

  private:
    /// Errors: invalid_argument (CLI-29) a file, and no folder to keep things in; io (CLI-12).
    [[nodiscard]] Result<std::filesystem::path> folder_of() const {
        std::error_code problem;
        if (out_.empty()) {
            return std::filesystem::is_directory(path_, problem)
                       ? Result<std::filesystem::path>(path_)
                       : fail(Errc::invalid_argument, "CLI-29");
        }
        std::filesystem::create_directories(out_, problem);
        return problem ? fail(Errc::io, "CLI-12") : Result<std::filesystem::path>(out_);
    }

    static bool has_all(const attest::EvidenceBundle& bundle,
                        const std::vector<attest::CollateralRequest>& requests) {
        for (const attest::CollateralRequest& request : requests) {
            if (!bundle.file(request.file).has_value() ||
                (!request.chain_file.empty() && !bundle.file(request.chain_file).has_value())) {
                return false;
            }
        }
        return true;
    }

    /// Errors: those of read_file.
    static Result<attest::EvidenceBundle> with_kept(
        attest::EvidenceBundle bundle,
        const std::filesystem::path& folder,
        const std::vector<attest::CollateralRequest>& requests) {
        for (const attest::CollateralRequest& request : requests) {
            for (const std::string& file : {request.file, request.chain_file}) {
                std::error_code problem;
                if (file.empty() || !std::filesystem::is_regular_file(folder / file, problem)) {
                    continue;
                }
                CHATMCP_TRY(bundle.beside[file],
                            read_file(folder / file, attest::kBundleFileMaxBytes));
            }
        }
        return bundle;
    }

    [[nodiscard]] attest::FactorReport verify(const attest::EvidenceBundle& bundle) const {
        return attest::inspect(bundle, roots_in_use_, attest::Policy{}, {}, at_time_);
    }

    [[nodiscard]] Result<attest::NamedFiles> fetch(
        const Context& context,
        const attest::EvidenceBundle& before,
        const std::vector<attest::CollateralRequest>& requests) const {
        CHATMCP_TRY(const Services services, Services::open(service_, ca_));
        attest::NamedFiles out;
        for (const attest::CollateralRequest& request : requests) {
            context.output.note("fetching " + request.file);
            CHATMCP_TRY(attest::NamedFiles files, services.get(request));
            const auto old = before.file(request.file);
            if (old.has_value()) {
                CHATMCP_TRY_VOID(attest::check_not_older(request, *old, files[request.file]));
            }
            out.merge(files);
        }
        return out;
    }

    /// Each file at once; if the program dies between two of them what is there does not verify,
    /// and the next run fetches again. Errors: those of write_file.
    [[nodiscard]] Result<void> keep(const attest::EvidenceBundle& bundle,
                                    const std::filesystem::path& folder,
                                    const attest::NamedFiles& fetched) const {
        for (const auto& [file, content] : fetched) {
            CHATMCP_TRY_VOID(write_file(folder / file, content, kReadableByAll));
        }
        if (out_.empty()) {
            return {};
        }
        const std::string evidence = std::string(attest::evidence_file_name(bundle.kind));
        for (const auto& [file, content] : bundle.beside) {
            if (!fetched.contains(file)) {
                CHATMCP_TRY_VOID(write_file(folder / file, content, kReadableByAll));
            }
        }
        return write_file(folder / evidence, bundle.evidence, kReadableByAll);
    }

    [[nodiscard]] Result<ExitCode> report(const Context& context,
                                          const attest::EvidenceBundle& bundle,
                                          const std::filesystem::path& folder,
                                          const attest::NamedFiles& fetched) const {
        Json files = Json::array();
        std::string text =
            std::to_string(fetched.size()) + " files fetched into " + folder.string();
        for (const auto& [file, content] : fetched) {
            files.push_back(file);
            text += "\n" + file;
        }
        context.output.line({{"kind", attest::kind_name(bundle.kind)},
                             {"folder", folder.string()},
                             {"fetched", !fetched.empty()},
                             {"files", std::move(files)}},
                            text);
        return ExitCode::done;
    }

    std::string path_;
    std::string out_;
    std::string service_;
    std::string ca_;
    bool refresh_ = false;
    std::string at_;
    std::string kind_;
    std::string roots_;
    attest::Roots roots_in_use_;
    UnixMs at_time_;
};

}  // namespace

void add_attest_fetch_command(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<AttestFetch>());
}

}  // namespace chatmcp::cli
