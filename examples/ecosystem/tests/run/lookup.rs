//! `lookup`, at a server of names that the test starts.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::expected::assert_output;
use crate::name_server::NameServer;
use crate::program::run;

#[test]
fn hosts_are_looked_up_at_the_server_that_is_named() {
    let server = NameServer::start(|asked| {
        match (&*asked.name(), asked.kind()) {
            ("www.test.", RecordType::A) => {
                asked.alias("www.test.", "host.test.");
                asked.address("host.test.", 1, 60);
            }
            ("www.test.", _) => asked.nothing(ResponseCode::NoError, 60),
            _ => asked.nothing(ResponseCode::NXDomain, 60),
        }
        vec![asked.answer.clone()]
    });
    let printed =
        run("lookup", &["--server", &server.address.to_string(), "www.test", "none.test", "192.0.2.1"]);
    assert_eq!((printed.code, &*printed.stderr), (Some(0), ""));
    assert_output("lookup", &printed.stdout);
}

#[test]
fn a_host_of_this_machine_needs_no_server() {
    let printed = run("lookup", &["localhost"]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert!(printed.stdout.lines().all(|line| line.starts_with("localhost is ")), "{}", printed.stdout);
    let printed = run("lookup", &[]);
    assert!(printed.code == Some(1) && printed.stderr.contains("<HOSTS>"), "{}", printed.stderr);
}
