//! `tls_echo` and `tls_client`, which speak to each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{CertificateParams, DnType, KeyPair};

use crate::expected::assert_output;
use crate::program::{Finished, run, two_shards};
use crate::server::Server;

/// A folder with a certificate for a name, and its key.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Files {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("seastar-tls-{}-{number}", std::process::id()));
        let key = KeyPair::generate().expect("there is chance");
        let mut certificate = CertificateParams::new([name.to_owned()]).expect("it is a name");
        certificate.distinguished_name.push(DnType::CommonName, name);
        let certificate = certificate.self_signed(&key).expect("it is our own");
        fs::create_dir_all(&folder).expect("there is room");
        fs::write(folder.join("certificate.pem"), certificate.pem()).expect("there is room");
        fs::write(folder.join("key.pem"), key.serialize_pem()).expect("there is room");
        Files(folder)
    }

    fn path(&self, file: &str) -> String {
        Path::join(&self.0, file).to_str().expect("it is text").to_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn serve(files: &Files, shards: &[&str]) -> Server {
    let (certificate, key) = (files.path("certificate.pem"), files.path("key.pem"));
    Server::start("tls_echo", &[shards, &["--certificate", &certificate, "--key", &key]].concat())
}

fn say_hello(server: &Server, options: &[&str]) -> Finished {
    run("tls_client", &[&["--port", &server.port.to_string()], options].concat())
}

#[test]
fn hello_comes_back_over_tls() {
    let files = Files::new("localhost");
    for shards in [&["-c1"], two_shards()] {
        let server = serve(&files, shards);
        let finished = say_hello(&server, &["--roots", &files.path("certificate.pem")]);
        assert_output("tls_client", &finished.stdout);
        assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
        assert_eq!(server.stop().code, Some(0));
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_apart() {
    let (files, others) = (Files::new("localhost"), Files::new("other.example"));
    let server = serve(&files, &["-c1"]);
    let finished = say_hello(&server, &["--roots", &others.path("certificate.pem")]);
    let error = finished.stderr.split_once("seastar - ").map(|(_, error)| error);
    assert_output("tls_client.stranger", error.unwrap_or(&finished.stderr));
    assert_eq!(finished.code, Some(1));
}
