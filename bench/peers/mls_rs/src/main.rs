//! What dev/bench mls measures, done by mls-rs with AWS-LC: `mls_rs_peer messages|filled|creation SUITE MEMBERS ROUNDS`.
//! Prints medians in microseconds as one JSON object. RAYON_NUM_THREADS says how many threads mls-rs may use.
//!
//! As in bench/: basic credentials, state in memory, no padding, commits with a path as PrivateMessage, the tree inside one
//! Welcome, writing and reading of messages timed.

use std::{collections::BTreeMap, env, time::Instant};

use mls_rs::{
    client_builder::{MlsConfig, PaddingMode},
    identity::{
        basic::{BasicCredential, BasicIdentityProvider},
        SigningIdentity,
    },
    mls_rules::{CommitOptions, DefaultMlsRules, EncryptionOptions},
    CipherSuite, CipherSuiteProvider, Client, CryptoProvider, Group, MlsMessage,
};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;

type Failure = Box<dyn std::error::Error>;
type Samples = BTreeMap<&'static str, Vec<f64>>;

const TEXT: [u8; 100] = [b't'; 100];
const MESSAGES_PER_ROUND: usize = 16;

fn client(suite: CipherSuite, name: &str) -> Result<Client<impl MlsConfig>, Failure> {
    let crypto = AwsLcCryptoProvider::default();
    let provider = crypto.cipher_suite_provider(suite).ok_or("no such suite")?;
    let (secret, public) = provider.signature_key_generate()?;
    let identity = SigningIdentity::new(BasicCredential::new(name.as_bytes().to_vec()).into_credential(), public);
    let rules = DefaultMlsRules::new()
        .with_commit_options(CommitOptions::new().with_path_required(true))
        .with_encryption_options(EncryptionOptions::new(true, PaddingMode::None));
    Ok(Client::builder()
        .identity_provider(BasicIdentityProvider)
        .crypto_provider(crypto)
        .mls_rules(rules)
        .signing_identity(identity, secret, suite)
        .build())
}

fn key_package<C: MlsConfig>(client: &Client<C>) -> Result<Vec<u8>, Failure> {
    Ok(client.generate_key_package_message(Default::default(), Default::default(), None)?.to_bytes()?)
}

fn timed<T>(samples: &mut Samples, name: &'static str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let start = Instant::now();
    let result = work()?;
    samples.entry(name).or_default().push(start.elapsed().as_secs_f64() * 1e6);
    Ok(result)
}

/// One commit that adds all the packages; the Welcome.
fn add_all<C: MlsConfig>(group: &mut Group<C>, packages: &[Vec<u8>]) -> Result<Vec<u8>, Failure> {
    let mut builder = group.commit_builder();
    for package in packages {
        builder = builder.add_member(MlsMessage::from_bytes(package)?)?;
    }
    let output = builder.build()?;
    output.commit_message.to_bytes()?;
    let welcome = output.welcome_messages[0].to_bytes()?;
    group.apply_pending_commit()?;
    Ok(welcome)
}

fn packages(suite: CipherSuite, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    (0..count).map(|i| key_package(&client(suite, &format!("member{i:04}"))?)).collect()
}

fn messages(suite: CipherSuite, members: usize, rounds: usize, samples: &mut Samples) -> Result<(), Failure> {
    let joiner = client(suite, "the joiner")?;
    let mut added = packages(suite, members - 2)?;
    added.push(key_package(&joiner)?);
    let mut sender = client(suite, "the sender")?.create_group(Default::default(), Default::default(), None)?;
    let welcome = add_all(&mut sender, &added)?;
    let (mut receiver, _) = joiner.join_group(None, &MlsMessage::from_bytes(&welcome)?, None)?;
    for _ in 0..rounds {
        let mut sent = Vec::new();
        for _ in 0..MESSAGES_PER_ROUND {
            sent.push(timed(samples, "encrypt", || Ok(sender.encrypt_application_message(&TEXT, vec![])?.to_bytes()?))?);
        }
        for bytes in &sent {
            timed(samples, "decrypt", || Ok(receiver.process_incoming_message(MlsMessage::from_bytes(bytes)?)?))?;
        }
    }
    Ok(())
}

/// Each member adds the next one with a path, so that every parent is filled; the last two go on.
fn filled(suite: CipherSuite, members: usize, rounds: usize, samples: &mut Samples) -> Result<(), Failure> {
    let mut committer = client(suite, "member0000")?.create_group(Default::default(), Default::default(), None)?;
    let mut receiver = None;
    for i in 1..members {
        let next = client(suite, &format!("member{i:04}"))?;
        let welcome = add_all(&mut committer, &[key_package(&next)?])?;
        let (joined, _) = next.join_group(None, &MlsMessage::from_bytes(&welcome)?, None)?;
        if i + 1 == members {
            receiver = Some(joined);
        } else {
            committer = joined;
        }
    }
    let mut receiver = receiver.ok_or("too few members")?;
    for _ in 0..rounds {
        let start = Instant::now();
        let commit = timed(samples, "create_commit", || Ok(committer.commit(vec![])?.commit_message.to_bytes()?))?;
        committer.apply_pending_commit()?;
        samples.entry("create_and_apply_commit").or_default().push(start.elapsed().as_secs_f64() * 1e6);
        timed(samples, "process_commit", || Ok(receiver.process_incoming_message(MlsMessage::from_bytes(&commit)?)?))?;
    }
    Ok(())
}

fn creation(suite: CipherSuite, members: usize, rounds: usize, samples: &mut Samples) -> Result<(), Failure> {
    let mut added = packages(suite, members - 2)?;
    for _ in 0..rounds {
        let joiner = client(suite, "the joiner")?;
        added.push(key_package(&joiner)?);
        let mut creator = client(suite, "the creator")?.create_group(Default::default(), Default::default(), None)?;
        let welcome = timed(samples, "create", || add_all(&mut creator, &added))?;
        timed(samples, "join", || Ok(joiner.join_group(None, &MlsMessage::from_bytes(&welcome)?, None)?))?;
        added.pop();
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().collect();
    let [_, what, suite, members, rounds] = arguments.as_slice() else {
        return Err("give messages|filled|creation SUITE MEMBERS ROUNDS".into());
    };
    let suite = CipherSuite::from(suite.parse::<u16>()?);
    let (members, rounds) = (members.parse()?, rounds.parse()?);
    let mut samples = Samples::new();
    match what.as_str() {
        "messages" => messages(suite, members, rounds, &mut samples)?,
        "filled" => filled(suite, members, rounds, &mut samples)?,
        "creation" => creation(suite, members, rounds, &mut samples)?,
        _ => return Err("no such measurement".into()),
    }
    let medians: BTreeMap<_, _> = samples
        .into_iter()
        .map(|(name, mut values)| {
            values.sort_by(f64::total_cmp);
            (name, values[values.len() / 2])
        })
        .collect();
    println!("{}", serde_json::to_string(&medians)?);
    Ok(())
}
