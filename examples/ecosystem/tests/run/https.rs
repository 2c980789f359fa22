//! `https_server` and `https_client`, and curl, which knows neither.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::expected::{assert_output, assert_shape};
use crate::program::{run, two_shards};
use crate::server::Server;

/// Files with a certificate for `localhost`, its key, and who vouches for it.
struct Files(PathBuf);

impl Files {
    fn new(test: &str) -> Files {
        let folder = std::env::temp_dir().join(format!("seastar-https-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.distinguished_name.push(DnType::CommonName, "authority of a test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(folder.join("ca.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["localhost".to_string()]).unwrap();
        fs::write(folder.join("chain.pem"), own.signed_by(&key, &issuer).unwrap().pem()).unwrap();
        fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        Files(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    fn server(&self, shards: &[&str]) -> Server {
        let (chain, key) = (self.path("chain.pem"), self.path("key.pem"));
        Server::start("https_server", &[shards, &["--chain", &chain, "--key", &key]].concat())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// What curl prints, after the arguments of the test.
fn curl(arguments: &[&str], url: &str) -> (Option<i32>, String) {
    let mut curl = Command::new("curl");
    // No file of the user, no proxy, and the address that the server has.
    curl.args(["-q", "--noproxy", "*", "--ipv4", "--silent", "--show-error", "--max-time", "60"]);
    let output =
        curl.args(arguments).arg(url).output().expect("curl, which this test needs (apt-get install curl)");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn curl_gets_pages_in_either_version_of_http() {
    let files = Files::new("curl");
    let ca = files.path("ca.pem");
    for shards in [&["-c1"], two_shards()] {
        let server = files.server(shards);
        let url = format!("https://localhost:{}/home", server.port);
        for (version, name) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")] {
            let answer = curl(&["--cacert", &ca, version], &url);
            assert_eq!(answer, (Some(0), format!("/home over {name}: Seastar is the future!\n")));
        }
        // Many requests over one connection, and a client that does not know who vouches for the server.
        let several = format!("https://localhost:{}/[1-20]", server.port);
        let (code, answers) = curl(&["--cacert", &ca, "--http2"], &several);
        assert_eq!((code, answers.lines().count()), (Some(0), 20), "{answers}");
        assert_eq!(curl(&[], &url).0, Some(60), "curl(1): the certificate cannot be verified");

        let finished = server.stop();
        assert_shape("https_server", &finished.stdout);
        assert_eq!((finished.code, finished.stderr.lines().count()), (Some(0), 1), "{}", finished.stderr);
    }
}

#[test]
fn our_client_gets_pages_too_and_says_what_is_wrong_with_a_server() {
    let files = Files::new("client");
    let server = files.server(&["-c1"]);
    let (ca, port) = (files.path("ca.pem"), server.port.to_string());
    let printed = run("https_client", &["--ca", &ca, "--port", &port, "localhost", "/home"]);
    assert_eq!((printed.code, &*printed.stderr), (Some(0), ""));
    assert_output("https_client", &printed.stdout);

    let printed = run("https_client", &["--ca", &files.path("chain.pem"), "--port", &port, "localhost"]);
    assert_eq!((printed.code, &*printed.stdout), (Some(1), ""));
    assert!(
        printed.stderr.contains("TLS handshake with localhost: invalid peer certificate"),
        "{}",
        printed.stderr
    );
    let printed = run("https_client", &["--ca", &ca, "--port", &port, "127.0.0.1"]);
    assert!(printed.stderr.contains("not valid for name \"127.0.0.1\""), "{}", printed.stderr);
    let printed = run("https_client", &["--ca", "/nowhere.pem", "localhost"]);
    assert!(printed.stderr.contains("read /nowhere.pem: No such file"), "{}", printed.stderr);
    assert_eq!(server.stop().code, Some(0));
}
