//! Addresses of Unix domain sockets.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The bytes of a name that the kernel takes.
const NAME_MAX: usize = 107;

/// Where a Unix domain socket is: at a path, under an abstract name, or nowhere.
///
/// Abstract names are no files: they are gone with their last socket, and any user may connect. They are written with an
/// `@` before them. A socket that connected without a name of its own is unnamed.
///
/// ```
/// use seastar::net::ToUnixAddress;
///
/// let file = "/run/app.socket".to_unix_address().unwrap();
/// assert_eq!((file.to_string().as_str(), file.as_path().is_some()), ("/run/app.socket", true));
/// let name = "@app".to_unix_address().unwrap();
/// assert_eq!((name.to_string().as_str(), name.as_abstract_name()), ("@app", Some(&b"app"[..])));
/// ```
#[derive(Clone)]
pub struct UnixAddress(pub(super) SocketAddr);

impl UnixAddress {
    /// The path, unless it is abstract or unnamed.
    pub fn as_path(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The abstract name, without the `@`, if it has one.
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        self.0.as_abstract_name()
    }

    /// Whether it has neither a path nor an abstract name.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (one, _other) = seastar::net::UnixStream::pair()?;
    ///     assert!(one.local_address()?.is_unnamed());
    ///     Ok(())
    /// }
    /// ```
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// An abstract name of any bytes.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for more than 107 bytes.
    ///
    /// ```
    /// let name = seastar::net::UnixAddress::from_abstract_name(b"\x01app").unwrap();
    /// assert_eq!(name.to_string(), "@\\x01app");
    /// ```
    pub fn from_abstract_name(name: impl AsRef<[u8]>) -> io::Result<UnixAddress> {
        let name = name.as_ref();
        let address = SocketAddr::from_abstract_name(name);
        address.map(UnixAddress).map_err(|_| too_long(format!("@{}", name.escape_ascii()), name.len()))
    }
}

fn too_long(name: String, len: usize) -> io::Error {
    let text = format!("`{name}` has {len} bytes; the name of a socket has at most {NAME_MAX}");
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

impl fmt::Display for UnixAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_path(), self.as_abstract_name()) {
            (Some(path), _) => path.display().fmt(f),
            (None, Some(name)) => write!(f, "@{}", name.escape_ascii()),
            (None, None) => f.write_str("an unnamed socket"),
        }
    }
}

impl fmt::Debug for UnixAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnixAddress({self})")
    }
}

impl PartialEq for UnixAddress {
    fn eq(&self, other: &UnixAddress) -> bool {
        (self.as_path(), self.as_abstract_name()) == (other.as_path(), other.as_abstract_name())
    }
}

impl Eq for UnixAddress {}

impl From<SocketAddr> for UnixAddress {
    fn from(address: SocketAddr) -> UnixAddress {
        UnixAddress(address)
    }
}

/// What one may write where the address of a Unix domain socket is wanted.
///
/// A text that begins with `@` is an abstract name; to mean a file of that name, write `./@name` or a [`Path`].
///
/// ```
/// use seastar::net::ToUnixAddress;
/// use std::path::Path;
///
/// assert!(Path::new("@file").to_unix_address().unwrap().as_path().is_some());
/// let long = "x".repeat(108);
/// let error = long.to_unix_address().unwrap_err();
/// assert!(error.to_string().ends_with("` has 108 bytes; the name of a socket has at most 107"));
/// ```
pub trait ToUnixAddress {
    /// The address, or an [`InvalidInput`](io::ErrorKind::InvalidInput) error that quotes the text.
    fn to_unix_address(&self) -> io::Result<UnixAddress>;
}

impl ToUnixAddress for UnixAddress {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        Ok(self.clone())
    }
}

impl ToUnixAddress for SocketAddr {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        Ok(self.clone().into())
    }
}

impl ToUnixAddress for Path {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        let bytes = self.as_os_str().as_bytes();
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        if bytes.is_empty() {
            return Err(invalid("an empty path names no socket".into()));
        }
        if bytes.contains(&0) {
            return Err(invalid(format!(
                "`{}` has a zero byte, which no path may have",
                bytes.escape_ascii()
            )));
        }
        SocketAddr::from_pathname(self)
            .map(UnixAddress)
            .map_err(|_| too_long(self.display().to_string(), bytes.len()))
    }
}

impl ToUnixAddress for str {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        match self.strip_prefix('@') {
            Some(name) => UnixAddress::from_abstract_name(name),
            None => Path::new(self).to_unix_address(),
        }
    }
}

impl ToUnixAddress for String {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        self.as_str().to_unix_address()
    }
}

impl ToUnixAddress for PathBuf {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        self.as_path().to_unix_address()
    }
}

impl ToUnixAddress for OsStr {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        Path::new(self).to_unix_address()
    }
}

impl<T: ToUnixAddress + ?Sized> ToUnixAddress for &T {
    fn to_unix_address(&self) -> io::Result<UnixAddress> {
        (**self).to_unix_address()
    }
}
