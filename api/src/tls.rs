//! A certificate of the server's own making, for a network without a public name.

use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Makes ring the process's provider of cryptography for TLS; clients cannot be built before. Calling it again
/// changes nothing.
pub fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// TLS with the certificate in `folder`, which is made where it is missing and kept from then on, so that
/// whoever has accepted it is not asked again.
///
/// # Errors
/// When the files cannot be written or read.
pub fn self_signed(folder: &Path, host: IpAddr) -> Result<ServerConfig> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    if !certificate.exists() || !key.exists() {
        make(folder, host)
            .with_context(|| format!("no certificate could be made in {}", folder.display()))?;
    }
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{} is not a certificate", certificate.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(&key).with_context(|| format!("{} is not a key", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_no_client_auth().with_single_cert(chain, key)?)
}

fn make(folder: &Path, host: IpAddr) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "Attendance");
    params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
    if !host.is_unspecified() && !host.is_loopback() {
        params.subject_alt_names.push(SanType::IpAddress(host));
    }
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    std::fs::write(folder.join("certificate.pem"), certificate.pem())?;
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(folder.join("key.pem"))?;
    std::io::Write::write_all(&mut file, key.serialize_pem().as_bytes())?;
    Ok(())
}
