//! Who we are: a certificate chain and its key.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::failure::unusable;

/// A certificate, those that vouch for it, and its private key. Can be sent to other shards, and is cheap to clone.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let certificate = seastar::tls::Certificate::from_pem_files("/etc/app/chain.pem", "/etc/app/key.pem")?;
/// println!("for {:?}", certificate.names());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    names: Arc<[String]>,
}

impl Certificate {
    /// The chain, one's own certificate first, and the key (PKCS#8, PKCS#1 or SEC1), both in the form PEM.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if something is missing, cannot be read, or the key is that of another certificate.
    ///
    /// ```
    /// use seastar::tls::Certificate;
    ///
    /// # fn certificate_and_key() -> (String, String) {
    /// #     let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    /// #     (made.cert.pem(), made.signing_key.serialize_pem())
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let (chain, key) = certificate_and_key();
    /// assert_eq!(Certificate::from_pem(&chain, &key)?.names(), ["localhost"]);
    /// let swapped = Certificate::from_pem(&key, &chain).unwrap_err();
    /// assert_eq!(swapped.to_string(), "certificate chain: the PEM text has no certificate");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pem(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> io::Result<Certificate> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_ref()).collect();
        let chain = chain.map_err(|error| unusable("certificate chain", error))?;
        let Some(own) = chain.first() else {
            return Err(unusable("certificate chain", "the PEM text has no certificate"));
        };
        let parsed =
            webpki::EndEntityCert::try_from(own).map_err(|error| unusable("certificate chain", error))?;
        let names = parsed.valid_dns_names().map(str::to_ascii_lowercase).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_ref()).map_err(|error| match error {
            rustls::pki_types::pem::Error::NoItemsFound => unusable("private key", "the PEM text has none"),
            error => unusable("private key", error),
        })?;
        let key =
            provider().key_provider.load_private_key(key).map_err(|error| unusable("private key", error))?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
                Err(unusable("private key", "it is not that of the certificate"))
            }
            // There are keys that do not tell.
            _ => Ok(Certificate { key: Arc::new(certified), names }),
        }
    }

    /// [`from_pem`](Self::from_pem), from files. Waits for the disk, so it is for the start of a program.
    ///
    /// # Errors
    ///
    /// Those of reading the files, and of [`from_pem`](Self::from_pem), with their names.
    pub fn from_pem_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> io::Result<Certificate> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let made = Certificate::from_pem(read(chain)?, read(key)?);
        made.map_err(|error| unusable(&format!("{} and {}", chain.display(), key.display()), error))
    }

    /// The names of hosts that it is for, in small letters. A name may begin with `*.`, for any one label.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("names", &self.names).finish_non_exhaustive()
    }
}

/// The file, with its name in the error.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("read {}: {error}", path.display())))
}

/// The program's cryptography, or ours.
pub(super) fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()))
}
