//! What the local exchange proves itself with, and its users' keys of Coinbase: files that are made where there are none.
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use qframe_venues::exchange::server::tls::Tls;
use qframe_venues::sign::{CoinbaseKey, PublicKey, fresh_key};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Secure {
    /// A user's key for the API of Coinbase: a file as Coinbase gives it (name and privateKey), made where there is none; or the
    /// public half as NAME=FILE (PEM). May be given several times.
    #[arg(long = "coinbase-key", value_name = "FILE|NAME=FILE")]
    coinbase_keys: Vec<String>,
    /// Speak TLS with a certificate for localhost that is made where --tls-cert and --tls-key are not there yet.
    #[arg(long, value_name = "self-signed", value_parser = ["self-signed"], requires = "tls_cert", requires = "tls_key")]
    tls: Option<String>,
    /// Speak TLS with this certificate (PEM, the server's own first).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// A key of a user, and the file that clients read it from.
pub(crate) struct UserKey {
    pub(crate) name: String,
    pub(crate) public: PublicKey,
    /// None where only the public half is here.
    pub(crate) file: Option<PathBuf>,
}

/// A key as Coinbase hands it out.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    #[serde(alias = "id")]
    name: String,
    #[serde(rename = "privateKey")]
    private_key: String,
}

impl Secure {
    /// The keys of users.
    pub(crate) fn keys(&self) -> Result<Vec<UserKey>, Error> {
        let keys: Result<Vec<UserKey>, Error> = self.coinbase_keys.iter().map(|given| key(given)).collect();
        let keys = keys?;
        let mut names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                Err(Error::usage("--coinbase-key", pair[0], "it is there twice; each user has a key of its own"))
            }
            None => Ok(keys),
        }
    }

    /// The certificate, and where clients find it.
    pub(crate) fn tls(&self, host: IpAddr) -> Result<Option<(Tls, PathBuf)>, Error> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        if self.tls.is_some() {
            match (certificate.exists(), key.exists()) {
                (true, true) => {}
                (false, false) => {
                    let made = Tls::make(&[host.to_string()]).map_err(Error::refused)?;
                    write(certificate, &made.0, Readers::All)?;
                    write(key, &made.1, Readers::Owner)?;
                }
                (has, _) => {
                    let (there, missing) = if has { (certificate, key) } else { (key, certificate) };
                    let (there, missing) = (there.display(), missing.display());
                    let why = format!("{there} is there and {missing} is not: name both, or neither for a new pair");
                    return Err(Error::Refused(why));
                }
            }
        }
        let tls = Tls::new(&read(certificate)?, &read(key)?);
        let refused = |error| Error::Refused(format!("{}, {}: {error}", certificate.display(), key.display()));
        Ok(Some((tls.map_err(refused)?, certificate.clone())))
    }
}

fn key(given: &str) -> Result<UserKey, Error> {
    if let Some((name, file)) = given.split_once('=').filter(|(name, _)| !name.is_empty()) {
        let public = PublicKey::new(&read(Path::new(file))?);
        let public = public.map_err(|error| Error::usage("--coinbase-key", given, error))?;
        return Ok(UserKey { name: name.to_owned(), public, file: None });
    }
    let path = PathBuf::from(given);
    if !path.exists() {
        let (private_key, id) = (fresh_key().map_err(Error::refused)?, qframe_venues::sign::nonce());
        let file = KeyFile { name: format!("organizations/local/apiKeys/{id}"), private_key };
        write(
            &path,
            &(serde_json::to_string_pretty(&file).map_err(|error| Error::refused(&error))? + "\n"),
            Readers::Owner,
        )?;
    }
    let expected = "expected JSON with name and privateKey, as Coinbase gives it";
    let refused = |why: &str| Error::Refused(format!("{}: {why}", path.display()));
    let file: KeyFile =
        serde_json::from_str(&read(&path)?).map_err(|error| refused(&format!("{error}; {expected}")))?;
    let key = CoinbaseKey::new(&file.name, &file.private_key).map_err(|error| refused(&error.to_string()))?;
    Ok(UserKey { name: file.name, public: key.public().clone(), file: Some(path) })
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::file("reading", path, &error))
}

/// Who may read a file.
#[derive(Clone, Copy)]
enum Readers {
    All,
    Owner,
}

/// Writes a new file; one that is there stays as it is.
fn write(path: &Path, text: &str, readers: Readers) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if matches!(readers, Readers::All) { 0o644 } else { 0o600 });
    #[cfg(not(unix))]
    let _ = readers;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Error::file("writing", path, &error))
}
