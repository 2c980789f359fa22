//! Unix domain sockets: made, connected and asked about, and the files that name them.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::socket::with;

/// How often another process is waited for that makes a socket in the same folder, and how long each time.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// The file of a socket. Dropping this removes it, unless another socket has taken its place; that is told by the inode, which
/// is not used again while the socket is open.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Its device and inode.
    identity: (u64, u64),
}

/// A socket that listens on `address`, and its file if it has one.
///
/// A file that is left from a socket which nobody serves any more gives way. The permissions are set before anybody can
/// connect.
pub(crate) fn listen(
    address: &SocketAddr,
    backlog: i32,
    mode: Option<u32>,
) -> io::Result<(OwnedFd, Option<SocketFile>)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Until the socket can be told from one that nobody serves.
    let _lock = address.as_pathname().and_then(lock_folder);
    let file = bind(&socket, Type::STREAM, address, mode)?;
    socket.listen(backlog)?;
    Ok((socket.into(), file))
}

/// A socket for datagrams, bound to an address or to none, and its file if it has one. See [`listen`].
pub(crate) fn bind_datagrams(
    address: Option<&SocketAddr>,
    mode: Option<u32>,
) -> io::Result<(OwnedFd, Option<SocketFile>)> {
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    let Some(address) = address else { return Ok((socket.into(), None)) };
    let _lock = address.as_pathname().and_then(lock_folder);
    let file = bind(&socket, Type::DGRAM, address, mode)?;
    Ok((socket.into(), file))
}

fn bind(
    socket: &Socket,
    kind: Type,
    address: &SocketAddr,
    mode: Option<u32>,
) -> io::Result<Option<SocketFile>> {
    let encoded = encode(address)?;
    let Some(path) = address.as_pathname() else { return socket.bind(&encoded).map(|()| None) };
    match socket.bind(&encoded) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            remove_stale(kind, path, &encoded)?;
            socket.bind(&encoded)?;
        }
        bound => bound?,
    }
    let file = SocketFile::of(path)?;
    if let Some(mode) = mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(Some(file))
}

/// Removes the file at `path` if it is a socket that nobody serves; an error tells why it was not.
fn remove_stale(kind: Type, path: &Path, encoded: &SockAddr) -> io::Result<()> {
    let in_use = |text| io::Error::new(ErrorKind::AddrInUse, text);
    let found = fs::symlink_metadata(path)?;
    if !found.file_type().is_socket() {
        return Err(in_use("Address already in use by a file that is no socket"));
    }
    let probe = Socket::new(Domain::UNIX, kind, None)?;
    // Not to wait where the other's backlog is full.
    probe.set_nonblocking(true)?;
    match probe.connect(encoded) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // EPROTOTYPE is a socket of another kind, and EAGAIN is a queue that is full: both are served.
        _ => Err(in_use("Address already in use")),
    }
}

/// Keeps other processes that do the same out of the folder, where that is possible: between its bind and its listen a socket
/// looks like one that nobody serves.
fn lock_folder(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_CLOEXEC)
        .open(folder)
        .ok()?;
    for _ in 0..LOCK_TRIES {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(fs::TryLockError::Error(_)) => return None,
        }
    }
    None
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        // The working directory may be another one by the time it is removed.
        let path = std::path::absolute(path)?;
        let identity = identity(&path)?;
        Ok(SocketFile { path, identity })
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A socket that is about to connect.
pub(crate) fn unconnected() -> io::Result<OwnedFd> {
    Ok(Socket::new(Domain::UNIX, Type::STREAM, None)?.into())
}

/// Two sockets that are connected to each other.
pub(crate) fn pair(kind: Type) -> io::Result<(OwnedFd, OwnedFd)> {
    let (one, other) = Socket::pair(Domain::UNIX, kind, None)?;
    Ok((one.into(), other.into()))
}

/// `address` as the kernel reads it.
pub(crate) fn encode(address: &SocketAddr) -> io::Result<SockAddr> {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => {
            let mut bytes = [0; 108];
            let bytes = bytes.get_mut(..name.len() + 1).ok_or(ErrorKind::InvalidInput)?;
            bytes[1..].copy_from_slice(name);
            SockAddr::unix(std::ffi::OsStr::from_bytes(bytes))
        }
        (None, None) => SockAddr::unix(""),
    }
}

/// Sets where datagrams go, which does not wait.
pub(crate) fn connect(fd: RawFd, address: &SocketAddr) -> io::Result<()> {
    let address = encode(address)?;
    with(fd, |socket| socket.connect(&address))
}

/// The address in the bytes that the kernel gives as one; unnamed if it is none.
pub(crate) fn read(source: &[u8]) -> SocketAddr {
    let name = source.get(size_of::<libc::sa_family_t>()..).unwrap_or_default();
    let path = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let read = match name.split_first() {
        Some((0, name)) => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path)),
    };
    // The kernel's names are never too long.
    read.or_else(|_| SocketAddr::from_pathname("")).expect("an unnamed socket has an address")
}

fn decode(address: &SockAddr) -> io::Result<SocketAddr> {
    match (address.as_pathname(), address.as_abstract_namespace()) {
        (Some(path), _) => SocketAddr::from_pathname(path),
        (None, Some(name)) => SocketAddr::from_abstract_name(name),
        (None, None) if address.is_unix() => SocketAddr::from_pathname(""),
        _ => Err(io::Error::new(ErrorKind::InvalidData, "the socket is no Unix domain socket")),
    }
}

pub(crate) fn local_address(fd: RawFd) -> io::Result<SocketAddr> {
    with(fd, |socket| decode(&socket.local_addr()?))
}

pub(crate) fn peer_address(fd: RawFd) -> io::Result<SocketAddr> {
    with(fd, |socket| decode(&socket.peer_addr()?))
}

/// Who connected, or listens, at the other end: process, user and group.
pub(crate) fn peer_credentials(fd: RawFd) -> io::Result<libc::ucred> {
    with(fd, |socket| {
        let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut len = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `len` bytes, which is the size of what it is given.
        let asked = unsafe {
            let value = (&raw mut credentials).cast();
            libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, value, &mut len)
        };
        if asked == 0 { Ok(credentials) } else { Err(io::Error::last_os_error()) }
    })
}
