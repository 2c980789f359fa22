//! Certificates, roots, and what is wrong with them.

use std::io::ErrorKind;

use rcgen::date_time_ymd;
use seastar::tls::{
    Certificate, ClientOptions, Failure, Roots, ServerOptions, TlsAcceptor, TlsConnector, rustls,
};

use super::authority::Authority;
use super::{NAME, shake_hands, tcp_pair};

fn client_of(authority: &Authority) -> TlsConnector {
    TlsConnector::new(ClientOptions::new().roots(authority.roots())).unwrap()
}

/// What the client says of a server that shows `certificate`.
async fn refused(certificate: Certificate, connector: &TlsConnector, name: &str) -> std::io::Error {
    let acceptor = TlsAcceptor::new([certificate], ServerOptions::new()).unwrap();
    let (client, server) = shake_hands(&acceptor, connector, name, tcp_pair().await).await;
    let told = server.expect_err("the server is told");
    assert!(told.to_string().starts_with("TLS handshake with a client: received fatal alert"), "{told}");
    assert_eq!((acceptor.statistics().accepted, acceptor.statistics().failed), (0, 1));
    client.expect_err("the client refuses")
}

#[seastar::test(shards = 1)]
async fn each_client_gets_the_certificate_for_the_name_that_it_asks_for() {
    let authority = Authority::new();
    let connector = client_of(&authority);
    let certificates = [
        authority.issue(&["first.test"]),
        authority.issue(&["second.test", "third.test"]),
        authority.issue(&["*.wild.test"]),
        authority.issue(&["127.0.0.1"]),
    ];
    assert_eq!(certificates[1].names(), ["second.test", "third.test"]);
    let acceptor = TlsAcceptor::new(certificates, ServerOptions::new()).unwrap();
    for name in ["first.test", "second.test", "third.test", "any.wild.test"] {
        let (client, server) = shake_hands(&acceptor, &connector, name, tcp_pair().await).await;
        assert_eq!(server.unwrap().server_name(), Some(name), "{:?}", client.err());
        assert!(client.is_ok(), "{name}");
    }
    for name in ["fourth.test", "two.labels.wild.test", "wild.test", "127.0.0.1"] {
        let (client, _) = shake_hands(&acceptor, &connector, name, tcp_pair().await).await;
        let error = client.expect_err("the first certificate is for other names").to_string();
        assert!(error.contains("certificate not valid for name"), "{error}");
    }
    assert_eq!((acceptor.statistics().accepted, acceptor.statistics().failed), (4, 4));
}

#[seastar::test(shards = 1)]
async fn an_address_is_a_name_as_well() {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&["127.0.0.1"])], ServerOptions::new()).unwrap();
    let connector = client_of(&authority);
    let (client, server) = shake_hands(&acceptor, &connector, "127.0.0.1", tcp_pair().await).await;
    client.unwrap();
    assert_eq!(server.unwrap().server_name(), None);
}

#[seastar::test(shards = 1)]
async fn a_wrong_name_a_stranger_and_an_old_certificate_are_refused_in_words() {
    let authority = Authority::new();
    let connector = client_of(&authority);

    let error = refused(authority.issue(&["other.test"]), &connector, NAME).await;
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let text = error.to_string();
    assert!(text.starts_with("TLS handshake with server.test: invalid peer certificate"), "{text}");
    assert!(text.contains("\"server.test\"") && text.contains("other.test"), "{text}");
    let cause = error.get_ref().unwrap().downcast_ref::<Failure>().unwrap().cause();
    assert!(matches!(cause, rustls::Error::InvalidCertificate(_)));

    let error = refused(Authority::new().issue(&[NAME]), &connector, NAME).await.to_string();
    assert_eq!(error, "TLS handshake with server.test: invalid peer certificate: UnknownIssuer");

    let (chain, key) = authority.issue_pem(&[NAME], |params| {
        (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    });
    let error = refused(Certificate::from_pem(chain, key).unwrap(), &connector, NAME).await.to_string();
    assert!(error.contains("certificate expired"), "{error}");
}

#[seastar::test(shards = 1)]
async fn what_is_no_name_is_refused_before_anything_is_sent() {
    let (client, _server) = tcp_pair().await;
    let error = client_of(&Authority::new()).connect("no name", client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "TLS handshake with no name: this is no name of a server");
}

#[seastar::test(shards = 1)]
async fn clients_may_be_asked_or_have_to_show_who_they_are() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let certificate = authority.issue(&[NAME]);
    let with = |options: ServerOptions| TlsAcceptor::new([certificate.clone()], options).unwrap();
    let asks = with(ServerOptions::new().ask_clients(clients.roots()));
    let requires = with(ServerOptions::new().require_clients(clients.roots()));
    let nobody = client_of(&authority);
    let shown = ClientOptions::new().roots(authority.roots()).certificate(clients.issue(&["me.test"]));
    let known = TlsConnector::new(shown).unwrap();
    let shown = ClientOptions::new().roots(authority.roots()).certificate(authority.issue(&["me.test"]));
    let stranger = TlsConnector::new(shown).unwrap();

    let (_, server) = shake_hands(&asks, &nobody, NAME, tcp_pair().await).await;
    assert!(server.unwrap().peer_certificates().is_none());
    for acceptor in [&asks, &requires] {
        let (client, server) = shake_hands(acceptor, &known, NAME, tcp_pair().await).await;
        assert_eq!(server.unwrap().peer_certificates().unwrap().len(), 1);
        assert_eq!(client.unwrap().peer_certificates().unwrap().len(), 1);
    }
    let error = shake_hands(&requires, &nobody, NAME, tcp_pair().await).await.1.unwrap_err();
    assert_eq!(error.to_string(), "TLS handshake with a client: peer sent no certificates");
    let error = shake_hands(&asks, &stranger, NAME, tcp_pair().await).await.1.unwrap_err();
    assert_eq!(error.to_string(), "TLS handshake with a client: invalid peer certificate: UnknownIssuer");
}

#[seastar::test(shards = 2)]
async fn certificates_are_exchanged_while_the_server_runs_on_every_shard() {
    let (before, after) = (Authority::new(), Authority::new());
    let acceptor = TlsAcceptor::new([before.issue(&[NAME])], ServerOptions::new()).unwrap();
    let roots = [before.roots(), after.roots()];
    // Without tickets of earlier handshakes, which would do without a certificate.
    let is_trusted = async move |acceptor: TlsAcceptor| {
        let mut trusted = Vec::new();
        for roots in roots.clone() {
            let connector = TlsConnector::new(ClientOptions::new().roots(roots)).unwrap();
            trusted.push(shake_hands(&acceptor, &connector, NAME, tcp_pair().await).await.0.is_ok());
        }
        trusted
    };
    let (there, here) = (is_trusted.clone(), acceptor.clone());
    assert_eq!(seastar::submit_to(1, async move || there(here).await).await, [true, false]);
    let (changed, certificate) = (acceptor.clone(), after.issue(&[NAME]));
    seastar::submit_to(1, async move || changed.set_certificates([certificate]).unwrap()).await;
    assert_eq!(is_trusted(acceptor.clone()).await, [false, true]);
    let (there, here) = (is_trusted, acceptor.clone());
    assert_eq!(seastar::submit_to(1, async move || there(here).await).await, [false, true]);
    assert_eq!(acceptor.set_certificates([]).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn what_is_no_certificate_is_refused_in_words() {
    let authority = Authority::new();
    let (chain, key) = authority.issue_pem(&[NAME], |_| {});
    let (_, other_key) = authority.issue_pem(&[NAME], |_| {});
    let refused = |chain: &str, key: &str| {
        let error = Certificate::from_pem(chain, key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(refused("", &key), "certificate chain: the PEM text has no certificate");
    assert_eq!(refused(&key, &key), "certificate chain: the PEM text has no certificate");
    assert_eq!(refused(&chain, ""), "private key: the PEM text has none");
    assert_eq!(refused(&chain, &other_key), "private key: it is not that of the certificate");
    assert!(refused(&chain[..chain.len() / 2], &key).starts_with("certificate chain: missing section end"));
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(refused(garbage, &key).starts_with("certificate chain: "));
    assert!(Certificate::from_pem(&chain, &key).is_ok());

    let error = Roots::from_pem(&key).unwrap_err().to_string();
    assert_eq!(error, "certificates of authorities: the PEM text has no certificate");
    let error = Certificate::from_pem_files("/nowhere/chain.pem", "/nowhere/key.pem").unwrap_err();
    assert_eq!(error.to_string(), "read /nowhere/chain.pem: No such file or directory (os error 2)");
    let none = TlsAcceptor::new([], ServerOptions::new()).unwrap_err().to_string();
    assert_eq!(none, "TLS server: it needs at least one certificate");
}

#[test]
fn files_are_named_in_what_is_wrong_with_them() {
    let folder = std::env::temp_dir().join(format!("seastar-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    let (good_chain, good_key) = Authority::new().issue_pem(&[NAME], |_| {});
    std::fs::write(&chain, good_chain).unwrap();
    std::fs::write(&key, good_key).unwrap();
    assert_eq!(Certificate::from_pem_files(&chain, &key).unwrap().names(), [NAME]);
    assert!(Roots::from_pem_file(&chain).is_ok());
    let error = Certificate::from_pem_files(&key, &chain).unwrap_err().to_string();
    assert!(error.contains("key.pem") && error.ends_with("the PEM text has no certificate"), "{error}");
    let error = Roots::from_pem_file(&key).unwrap_err().to_string();
    assert!(error.contains("key.pem") && error.ends_with("the PEM text has no certificate"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}
