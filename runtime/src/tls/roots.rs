//! Who may vouch for a peer's certificate.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::certificate::read;
use super::failure::unusable;

/// Certificates of authorities, each of which may vouch for a peer's.
///
/// ```no_run
/// use seastar::tls::{ClientOptions, Roots, TlsConnector};
///
/// # fn main() -> std::io::Result<()> {
/// // Those of the company only.
/// let roots = Roots::from_pem_file("/etc/company/ca.pem")?;
/// let connector = TlsConnector::new(ClientOptions::new().roots(roots))?;
/// // Those that the system trusts, which is what a connector does by itself.
/// let connector = TlsConnector::new(ClientOptions::new().roots(Roots::native()?))?;
/// # let _ = connector;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Roots(pub(super) Arc<RootCertStore>);

impl Roots {
    /// Those of the system, from where OpenSSL looks for them; the variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
    ///
    /// Reads files, so it is for the start of a program.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if there are none; on most systems the package `ca-certificates` has them.
    pub fn native() -> io::Result<Roots> {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        let (added, _) = store.add_parsable_certificates(found.certs);
        if added > 0 {
            return Ok(Roots(Arc::new(store)));
        }
        let why = found.errors.first().map_or(String::new(), |error| format!(": {error}"));
        let text = format!("the system has no certificates of authorities (package ca-certificates){why}");
        Err(io::Error::new(io::ErrorKind::NotFound, text))
    }

    /// Those in a text of the form PEM.
    ///
    /// ```
    /// let error = seastar::tls::Roots::from_pem("no certificate").unwrap_err();
    /// assert_eq!(error.to_string(), "certificates of authorities: the PEM text has no certificate");
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if there are none, or one cannot be read.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> io::Result<Roots> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_ref()) {
            let certificate = certificate.map_err(|error| unusable("certificate of an authority", error))?;
            store.add(certificate).map_err(|error| unusable("certificate of an authority", error))?;
        }
        if store.is_empty() {
            return Err(unusable("certificates of authorities", "the PEM text has no certificate"));
        }
        Ok(Roots(Arc::new(store)))
    }

    /// Those in a file. See [`from_pem`](Self::from_pem).
    ///
    /// # Errors
    ///
    /// Those of reading the file, and of [`from_pem`](Self::from_pem), with its name.
    pub fn from_pem_file(path: impl AsRef<Path>) -> io::Result<Roots> {
        let path = path.as_ref();
        let pem = read(path)?;
        Roots::from_pem(pem).map_err(|error| unusable(&path.display().to_string(), error))
    }
}
