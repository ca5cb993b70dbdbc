//! Settings, from the environment or the command line.

use std::{fs, net::IpAddr, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// Where the networks come from.
#[derive(Debug, Clone, Args)]
pub struct Models {
    /// Folders of the model packs, with `:` between them; the first is used where a request names none.
    #[arg(
        long = "pack",
        env = "RECOGNIZER_PACK",
        default_value = "target/packs/default",
        value_delimiter = ':'
    )]
    pub packs: Vec<PathBuf>,
    /// The ONNX Runtime library [default: where set-up puts it].
    #[arg(long, env = "RECOGNIZER_ORT", default_value_os_t = default_runtime())]
    pub ort: PathBuf,
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/attendance/onnxruntime/libonnxruntime.so.1.31.1`.
fn default_runtime() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache"))).unwrap_or_default();
    cache.join("attendance/onnxruntime/libonnxruntime.so.1.31.1")
}

/// Where the service listens.
#[derive(Debug, Clone, Args)]
pub struct Listen {
    /// Address to listen on.
    #[arg(long, env = "RECOGNIZER_HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Port to listen on.
    #[arg(long, env = "RECOGNIZER_PORT", default_value_t = 8081)]
    pub port: u16,
    /// File with the secret that callers send as a bearer token.
    #[arg(long, env = "RECOGNIZER_SECRET_FILE")]
    pub secret_file: Option<PathBuf>,
    /// Certificate chain, PEM.
    #[arg(long, env = "RECOGNIZER_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// Private key, PEM.
    #[arg(long, env = "RECOGNIZER_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
}

/// A secret; never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Shortest secret, in bytes: 16 random bytes in hexadecimal.
const MIN_SECRET: usize = 32;

impl Listen {
    /// Refuses to listen beyond this machine without TLS and a secret.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            bail!("RECOGNIZER_TLS_CERT and RECOGNIZER_TLS_KEY must be given together");
        }
        if !self.host.is_loopback() && (self.tls_cert.is_none() || self.secret_file.is_none()) {
            bail!(
                "RECOGNIZER_HOST {} is reachable from other machines: set RECOGNIZER_TLS_CERT, \
                 RECOGNIZER_TLS_KEY and RECOGNIZER_SECRET_FILE as well, or use 127.0.0.1",
                self.host
            );
        }
        Ok(())
    }

    /// The shared secret, if there is one.
    pub fn secret(&self) -> anyhow::Result<Option<Secret>> {
        let Some(path) = &self.secret_file else { return Ok(None) };
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read RECOGNIZER_SECRET_FILE {}", path.display()))?;
        let secret = text.trim();
        if secret.len() < MIN_SECRET {
            bail!("the secret in {} is shorter than {MIN_SECRET} characters", path.display());
        }
        Ok(Some(Secret(secret.to_owned())))
    }

    /// The TLS settings, if there are any.
    pub fn tls(&self) -> anyhow::Result<Option<ServerConfig>> {
        let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("cannot read RECOGNIZER_TLS_CERT {}", cert.display()))?;
        let key = PrivateKeyDer::from_pem_file(key)
            .with_context(|| format!("cannot read RECOGNIZER_TLS_KEY {}", key.display()))?;
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("the certificate and the key do not fit together")?;
        Ok(Some(config))
    }
}
