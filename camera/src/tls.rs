//! Whom a TLS connection trusts: the system's authorities, or the one that the configuration names and no other.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why there is nothing to trust.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be used.
    #[error("ca_file {path}: {cause}: one or more certificates in PEM form are wanted")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The cryptography does not offer what TLS wants.
    #[error("TLS cannot be used: {0}")]
    Protocol(#[from] rustls::Error),
}

/// Trusts the authorities in `ca_file` alone, or those of the system.
///
/// # Errors
/// [`TlsError`].
pub fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let refused = |cause: String| TlsError::CaFile { path: path.to_owned(), cause };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| refused(error.to_string()))?;
                roots.add(certificate).map_err(|error| refused(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(refused("there is no certificate in it".to_owned()));
            }
        }
        None => {
            // Certificates of the system that cannot be read are those of others: what cannot be verified is refused.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The innermost cause of an error: what people can do something about.
pub fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        let missing = config(Some(&file)).expect_err("no file").to_string();
        assert!(missing.contains("ca.pem"), "{missing}");
        std::fs::write(&file, "nothing").expect("written");
        let empty = config(Some(&file)).expect_err("no certificate").to_string();
        assert!(empty.contains("no certificate"), "{empty}");
        config(None).expect("the system's");
    }
}
