//! What dev/bench attest measures, done by dcap-qvl (ring) and nitro_attest: `attest_rust_peer dcap|nitro PATH UNIX ROUNDS`.
//! PATH: a folder of an SGX or TDX case of the corpus, or an attestation document. Prints the median in microseconds as JSON.
//!
//! Everything is parsed and verified in each round, from bytes in memory.

use std::{env, fs, hint::black_box, path::Path, time::Instant};

use dcap_qvl::{configs::RingConfig, verify::QuoteVerifier, QuoteCollateralV3};
use nitro_attest::UnparsedAttestationDoc;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct SignedTcbInfo<'a> {
    #[serde(rename = "tcbInfo", borrow)]
    body: &'a RawValue,
    signature: String,
}

#[derive(Deserialize)]
struct SignedIdentity<'a> {
    #[serde(rename = "enclaveIdentity", borrow)]
    body: &'a RawValue,
    signature: String,
}

fn bytes_of_hex(text: &str) -> Result<Vec<u8>, Failure> {
    (0..text.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&text[at..at + 2], 16)?)).collect()
}

fn collateral(folder: &Path) -> Result<QuoteCollateralV3, Failure> {
    let text = |name: &str| fs::read_to_string(folder.join(name));
    let info_file = text("tcb_info.json")?;
    let identity_file = text("qe_identity.json")?;
    let info: SignedTcbInfo = serde_json::from_str(&info_file)?;
    let identity: SignedIdentity = serde_json::from_str(&identity_file)?;
    Ok(QuoteCollateralV3 {
        pck_crl_issuer_chain: text("pck_crl_issuer_chain.pem")?,
        root_ca_crl: fs::read(folder.join("root_ca_crl.der"))?,
        pck_crl: fs::read(folder.join("pck_crl.der"))?,
        tcb_info_issuer_chain: text("tcb_info_issuer_chain.pem")?,
        tcb_info: info.body.get().to_owned(),
        tcb_info_signature: bytes_of_hex(&info.signature)?,
        qe_identity_issuer_chain: text("qe_identity_issuer_chain.pem")?,
        qe_identity: identity.body.get().to_owned(),
        qe_identity_signature: bytes_of_hex(&identity.signature)?,
        pck_certificate_chain: None,
    })
}

fn median(rounds: usize, work: impl Fn() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut samples = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        work()?;
        samples.push(start.elapsed().as_secs_f64() * 1e6);
    }
    samples.sort_by(f64::total_cmp);
    Ok(samples[rounds / 2])
}

fn dcap(folder: &Path, at: u64, rounds: usize) -> Result<f64, Failure> {
    let quote = fs::read(folder.join("quote.bin"))?;
    let collateral = collateral(folder)?;
    let verifier = QuoteVerifier::new_prod().with_config::<RingConfig>().allow_debug(true).allow_service_td(true);
    median(rounds, || {
        black_box(verifier.verify(&quote, &collateral, at).map_err(|problem| problem.to_string())?);
        Ok(())
    })
}

fn nitro(path: &Path, at: i64, rounds: usize) -> Result<f64, Failure> {
    let document = fs::read(path)?;
    let at = OffsetDateTime::from_unix_timestamp(at)?;
    median(rounds, || {
        black_box(UnparsedAttestationDoc::from(document.as_slice()).parse_and_verify(at).map_err(|problem| problem.to_string())?);
        Ok(())
    })
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().collect();
    let [_, kind, path, at, rounds] = arguments.as_slice() else {
        return Err("usage: attest_rust_peer dcap|nitro PATH UNIX ROUNDS".into());
    };
    let rounds = rounds.parse::<usize>()?.max(1);
    let us = match kind.as_str() {
        "dcap" => dcap(Path::new(path), at.parse()?, rounds)?,
        "nitro" => nitro(Path::new(path), at.parse()?, rounds)?,
        _ => return Err("dcap or nitro".into()),
    };
    println!("{}", serde_json::json!({ "us": us }));
    Ok(())
}
