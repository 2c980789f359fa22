//! The files that name sockets: made, guarded, replaced when stale, removed.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener as StdListener, UnixStream as StdStream};
use std::path::Path;

use seastar::net::{ListenOptions, connect_unix, listen_unix, listen_unix_with};
use seastar::{Options, spawn};

use super::path;

fn mode(path: &Path) -> u32 {
    seastar::blocking_ok!(fs::metadata(path).unwrap().permissions().mode() & 0o777)
}

#[seastar::test]
async fn the_file_is_there_while_the_listener_is() {
    let path = path();
    for _ in 0..3 {
        let listener = listen_unix(&path).unwrap();
        assert_eq!(listener.local_address().as_path(), Some(&*path));
        assert!(path.exists());
        drop(listener);
        assert!(!path.exists());
    }
}

#[seastar::test]
async fn permissions_are_those_that_were_asked_for() {
    for asked in [0o600, 0o660, 0o777] {
        let path = path();
        let _listener = listen_unix_with(&path, ListenOptions::new().mode(asked)).unwrap();
        assert_eq!(mode(&path), asked);
    }
}

#[seastar::test]
async fn a_stale_file_gives_way() {
    let path = path();
    // Closing the socket leaves its file.
    drop(seastar::blocking_ok!(StdListener::bind(&path).unwrap()));
    assert!(path.exists());
    let listener = listen_unix(&path).unwrap();
    let client = connect_unix(&path).await.unwrap();
    listener.accept().await.unwrap();
    drop((client, listener));
    assert!(!path.exists());
}

#[seastar::test]
async fn a_socket_that_is_served_stays() {
    let path = path();
    let first = listen_unix(&path).unwrap();
    let error = listen_unix(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(text.starts_with(&format!("listen on {}: Address already in use", path.display())), "{text}");
    // The attempt connected in order to know, and the listener goes on.
    drop(first.accept().await.unwrap());
    let _client = connect_unix(&path).await.unwrap();
    first.accept().await.unwrap();
}

#[seastar::test]
async fn a_full_backlog_is_no_sign_that_nobody_listens() {
    let path = path();
    let _first = listen_unix_with(&path, ListenOptions::new().backlog(0)).unwrap();
    let fill = || {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.connect(&socket2::SockAddr::unix(&path).unwrap()).ok().map(|()| socket)
    };
    let waiting: Vec<_> = std::iter::from_fn(fill).collect();
    assert!(!waiting.is_empty());
    assert_eq!(listen_unix(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
    assert!(path.exists());
}

#[seastar::test]
async fn files_of_other_kinds_stay() {
    let file = path();
    seastar::blocking_ok!(fs::write(&file, "precious").unwrap());
    let error = listen_unix(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    assert_eq!(seastar::blocking_ok!(fs::read_to_string(&file).unwrap()), "precious");
    seastar::blocking_ok!(fs::remove_file(&file).unwrap());

    let datagrams = path();
    let socket = seastar::blocking_ok!(UnixDatagram::bind(&datagrams).unwrap());
    assert_eq!(listen_unix(&datagrams).unwrap_err().kind(), ErrorKind::AddrInUse);
    assert!(datagrams.exists());
    drop(socket);
    seastar::blocking_ok!(fs::remove_file(&datagrams).unwrap());
}

#[seastar::test]
async fn a_socket_of_somebody_else_at_the_path_stays() {
    let path = path();
    let ours = listen_unix(&path).unwrap();
    seastar::blocking_ok!(fs::remove_file(&path).unwrap());
    let theirs = seastar::blocking_ok!(StdListener::bind(&path).unwrap());
    drop(ours);
    assert!(path.exists());
    drop(theirs);
    seastar::blocking_ok!(fs::remove_file(&path).unwrap());
}

#[seastar::test]
async fn paths_that_cannot_be_are_named() {
    let long = format!("/tmp/{}", "x".repeat(200));
    for (path, kind) in [
        (long.as_str(), ErrorKind::InvalidInput),
        ("", ErrorKind::InvalidInput),
        ("/tmp/zero\0byte", ErrorKind::InvalidInput),
        ("/nowhere/at/all", ErrorKind::NotFound),
        ("/dev/null/below", ErrorKind::NotADirectory),
    ] {
        let error = listen_unix(path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.to_string().contains(&path.escape_debug().to_string().replace("\\0", "\\x00"))
                || path.is_empty()
        );
        let error = connect_unix(path).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[seastar::test]
async fn the_longest_path_works() {
    let folder = std::env::temp_dir();
    let used = folder.as_os_str().len() + 1;
    let name = format!("{:x<width$}", std::process::id(), width = 107 - used);
    let path = folder.join(name);
    assert_eq!(path.as_os_str().len(), 107);
    let listener = listen_unix(&path).unwrap();
    let client = connect_unix(&path).await.unwrap();
    assert_eq!(client.peer_address().unwrap(), *listener.local_address());
    listener.accept().await.unwrap();
}

#[test]
fn the_file_goes_when_the_program_stops() {
    let path = path();
    let there = path.clone();
    let run = async move || {
        let listener = listen_unix(&there).unwrap();
        drop(spawn(listener.serve(async |_| ())));
        seastar::yield_now().await;
        assert!(there.exists());
    };
    seastar::run(Options::new().shards(1).overprovisioned(true).memory(64 << 20), run).unwrap();
    assert!(!path.exists());
    assert_eq!(StdStream::connect(&path).unwrap_err().kind(), ErrorKind::NotFound);
}

/// Both find the stale file; one of them gets the place, and nobody removes what the other has made.
#[test]
fn of_many_that_find_a_stale_file_one_listens() {
    for _ in 0..20 {
        let path = path();
        drop(StdListener::bind(&path).unwrap());
        let listens = |path: std::path::PathBuf| {
            std::thread::spawn(move || {
                let options = Options::new().shards(1).overprovisioned(true).memory(64 << 20);
                let run = async move || {
                    let listener = listen_unix(&path).ok()?;
                    // Served while the others try.
                    seastar::sleep(std::time::Duration::from_millis(30)).await;
                    let connected = connect_unix(&path).await.is_ok();
                    drop(listener);
                    Some(connected)
                };
                seastar::run(options.handle_interrupt(false), run).unwrap()
            })
        };
        let threads: Vec<_> = (0..3).map(|_| listens(path.clone())).collect();
        let listened: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        assert!(!listened.is_empty() && listened.iter().all(|connected| *connected), "{listened:?}");
        assert!(!path.exists());
    }
}
