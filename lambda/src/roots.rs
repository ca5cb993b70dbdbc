//! Which certificate authorities the database's certificate may come from.
//!
//! RDS signs with authorities of its own, which no system knows, so `PGSSLROOTCERT` may also be the https address where
//! Amazon publishes them: the same machine then needs no copy that grows old. That address is checked against the
//! system's authorities. What was read once is kept.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

const FETCH_LIMIT: Duration = Duration::from_secs(3);
/// Several times the size of Amazon's bundle of all regions.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Reads the authorities when they are first needed.
pub struct Roots {
    source: Source,
    tls: OnceCell<Arc<ClientConfig>>,
}

enum Source {
    System,
    File(String),
    Address(Url),
}

impl Roots {
    /// From `PGSSLROOTCERT`: a file of PEM, an https address of one, or none for the system's.
    ///
    /// # Errors
    /// When it is an address without TLS.
    pub fn new(setting: Option<String>) -> Result<Self> {
        let source = match setting {
            None => Source::System,
            Some(text) if text.starts_with("https://") => {
                Source::Address(Url::parse(&text).context("PGSSLROOTCERT is no address")?)
            }
            Some(text) if text.contains("://") => {
                bail!("PGSSLROOTCERT must be a file or an https address; it is {text:?}")
            }
            Some(file) => Source::File(file),
        };
        Ok(Self { source, tls: OnceCell::new() })
    }

    /// TLS that trusts them and nobody else, and checks the server's name.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn tls(&self) -> Result<ClientConfig> {
        Ok(ClientConfig::clone(self.tls.get_or_try_init(|| self.read()).await?))
    }

    async fn read(&self) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        match &self.source {
            Source::System => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
                ensure!(!roots.is_empty(), "this system has no certificate authorities: set PGSSLROOTCERT");
            }
            Source::File(file) => {
                let pem = std::fs::read(file)
                    .with_context(|| format!("{file}, which PGSSLROOTCERT names, cannot be read"))?;
                add(&mut roots, &pem).with_context(|| format!("{file}, which PGSSLROOTCERT names"))?;
            }
            Source::Address(url) => {
                let pem = fetch(url).await.with_context(|| format!("PGSSLROOTCERT, {url}"))?;
                add(&mut roots, &pem).with_context(|| format!("PGSSLROOTCERT, {url}"))?;
            }
        }
        Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
    }
}

fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<()> {
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.context("holds something that is no certificate")?)?;
    }
    ensure!(!roots.is_empty(), "holds no certificate");
    Ok(())
}

async fn fetch(url: &Url) -> Result<Vec<u8>> {
    let client = reqwest::Client::builder()
        .timeout(FETCH_LIMIT)
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let mut answer = client.get(url.clone()).send().await?;
    ensure!(answer.status() == reqwest::StatusCode::OK, "answered {}", answer.status().as_u16());
    let mut pem = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        ensure!(pem.len() + chunk.len() <= MAX_BYTES, "is larger than {MAX_BYTES} bytes");
        pem.extend_from_slice(&chunk);
    }
    Ok(pem)
}
