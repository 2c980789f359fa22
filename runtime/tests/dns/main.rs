//! Names looked up at servers that answer, fail, lie, or say nothing.
#![allow(missing_docs)]

#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/name_server.rs"]
mod name_server;

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use name_server::{Asked, NameServer};
use seastar::dns::{Resolver, ResolverOptions};
use seastar::net::listen;
use seastar::sync::{AbortSource, Limit};
use seastar::{spawn, submit_to, yield_now};

/// Where something has to be waited for that comes.
const LONG: Duration = Duration::from_secs(60);

fn asking(server: &NameServer) -> ResolverOptions {
    ResolverOptions::new([server.address]).timeout(LONG)
}

fn std_socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

async fn ips(resolver: &Resolver, name: &str) -> Vec<String> {
    let addresses = resolver.lookup(name, 80).await.unwrap();
    assert!(addresses.iter().all(|address| address.port() == 80));
    let mut ips: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
    ips.sort();
    ips
}

/// Answers with what `fill` has put in.
fn filled(fill: impl Fn(&mut Asked<'_>) + Clone + Send + 'static) -> NameServer {
    NameServer::start(move |asked| {
        fill(asked);
        vec![asked.answer.clone()]
    })
}

#[seastar::test(shards = 1)]
async fn addresses_of_both_families_are_found_and_remembered() {
    let server = filled(|asked| {
        assert_eq!(asked.name(), "www.test.");
        asked.address("WWW.test.", 1, 60);
        asked.address("www.test.", 2, 60);
        asked.address("other.test.", 3, 60);
    });
    let resolver = Resolver::new(asking(&server));
    let all = ["127.0.0.1", "127.0.0.2", "2001:db8::1", "2001:db8::2"];
    assert_eq!(ips(&resolver, "www.test").await, all);
    assert_eq!(server.asked(), 2, "once for each family");
    for name in ["www.test.", "WWW.TEST"] {
        assert_eq!(ips(&resolver, name).await, all);
    }
    assert_eq!(server.asked(), 2, "the answers are remembered");
    assert_eq!(ips(&resolver.clone(), "www.test").await, all);
    assert_eq!(server.asked(), 2, "a clone is the same resolver");
}

#[seastar::test(shards = 1)]
async fn what_must_not_be_kept_is_asked_for_again() {
    let server = filled(|asked| asked.address("now.test.", 1, 0));
    let resolver = Resolver::new(asking(&server));
    ips(&resolver, "now.test").await;
    ips(&resolver, "now.test").await;
    assert_eq!(server.asked(), 4);
}

#[seastar::test(shards = 2)]
async fn each_shard_asks_for_itself() {
    let server = filled(|asked| asked.address("www.test.", 1, 60));
    let options = asking(&server);
    for shard in 0..2 {
        let options = options.clone();
        submit_to(shard, async move || {
            let resolver = Resolver::new(options);
            assert_eq!(ips(&resolver, "www.test").await, ["127.0.0.1", "2001:db8::1"]);
        })
        .await;
    }
    assert_eq!(server.asked(), 4);
}

#[seastar::test(shards = 1)]
async fn one_family_is_enough() {
    let server = filled(|asked| match asked.kind() {
        RecordType::A => asked.address("four.test.", 1, 60),
        _ => asked.nothing(ResponseCode::NoError, 60),
    });
    let resolver = Resolver::new(asking(&server));
    assert_eq!(ips(&resolver, "four.test").await, ["127.0.0.1"]);
    assert_eq!(ips(&resolver, "four.test").await, ["127.0.0.1"]);
    assert_eq!(server.asked(), 2, "that there is nothing is remembered, too");
}

#[seastar::test(shards = 1)]
async fn aliases_are_followed_within_an_answer_and_from_one_to_the_next() {
    let server = filled(|asked| match asked.name().as_str() {
        "a.test." => {
            asked.alias("a.test.", "B.test.");
            asked.alias("b.test.", "c.test.");
            asked.address("c.test.", 7, 60);
        }
        "far.test." => asked.alias("far.test.", "near.test."),
        "near.test." => asked.address("near.test.", 8, 60),
        "loop.test." => {
            asked.alias("loop.test.", "pool.test.");
            asked.alias("pool.test.", "loop.test.");
        }
        "slow-loop.test." => asked.alias("slow-loop.test.", "slow-pool.test."),
        "slow-pool.test." => asked.alias("slow-pool.test.", "slow-loop.test."),
        name => panic!("{name}"),
    });
    let resolver = Resolver::new(asking(&server).attempts(1));
    assert_eq!(ips(&resolver, "a.test").await, ["127.0.0.7", "2001:db8::7"]);
    assert_eq!(ips(&resolver, "far.test").await, ["127.0.0.8", "2001:db8::8"]);
    assert!(resolver.lookup("loop.test", 80).await.is_err());
    let error = resolver.lookup("slow-loop.test", 80).await.unwrap_err();
    assert_eq!(error.to_string(), "look up slow-loop.test: the name has no address");
}

#[seastar::test(shards = 1)]
async fn names_that_are_not_there_and_names_without_addresses_are_told_apart() {
    let server = filled(|asked| match asked.name().as_str() {
        "none.test." => asked.nothing(ResponseCode::NXDomain, 60),
        _ => asked.nothing(ResponseCode::NoError, 60),
    });
    let resolver = Resolver::new(asking(&server));
    for _ in 0..2 {
        let error = resolver.lookup("none.test", 80).await.unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::NotFound, "look up none.test: there is no such name")
        );
        let error = resolver.connect("mail.test", 80).await.unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::NotFound, "look up mail.test: the name has no address")
        );
    }
    assert_eq!(server.asked(), 4);
}

#[seastar::test(shards = 1)]
async fn the_search_list_is_tried_before_or_after_the_name_as_it_has_dots() {
    let server = filled(|asked| match asked.name().as_str() {
        "host.two.test." => asked.address("host.two.test.", 1, 60),
        "a.b.test." => asked.address("a.b.test.", 2, 60),
        "a.b.test.one.test." => asked.address("a.b.test.one.test.", 3, 60),
        _ => asked.nothing(ResponseCode::NXDomain, 60),
    });
    let options = asking(&server).search(["one.test", "two.test"]);
    let resolver = Resolver::new(options.clone());
    assert_eq!(ips(&resolver, "host").await[0], "127.0.0.1");
    assert_eq!(ips(&resolver, "a.b.test").await[0], "127.0.0.2");
    assert_eq!(ips(&Resolver::new(options.clone().ndots(3)), "a.b.test").await[0], "127.0.0.3");
    let error = resolver.lookup("host.", 80).await.unwrap_err();
    assert_eq!(error.to_string(), "look up host.: there is no such name");
    assert!(resolver.lookup("nowhere", 80).await.is_err());
}

#[seastar::test(shards = 1)]
async fn a_server_that_fails_gives_way_to_the_next_and_is_named_if_all_fail() {
    let fails = filled(|asked| asked.answer.metadata.response_code = ResponseCode::ServFail);
    let works = filled(|asked| asked.address("www.test.", 1, 60));
    // Nobody is there: the kernel says so at once.
    let gone = std_socket().local_addr().unwrap();
    let all = ResolverOptions::new([gone, fails.address, works.address]).timeout(LONG);
    assert_eq!(ips(&Resolver::new(all), "www.test").await, ["127.0.0.1", "2001:db8::1"]);

    let before = fails.asked();
    let error = Resolver::new(asking(&fails).attempts(3)).lookup("www.test", 80).await.unwrap_err();
    assert_eq!(fails.asked() - before, 6);
    assert_eq!(error.to_string(), format!("look up www.test: {} says: Server Failure", fails.address));
    let error = Resolver::new(ResolverOptions::new([gone])).lookup("www.test", 80).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(error.to_string().starts_with(&format!("look up www.test: {gone}: ")), "{error}");
    let error = Resolver::new(ResolverOptions::new([])).lookup("www.test", 80).await.unwrap_err();
    assert_eq!(error.to_string(), "look up www.test: there is no server to ask");
}

#[seastar::test(shards = 1)]
async fn a_server_that_does_not_answer_is_asked_again_and_then_given_up() {
    let _guard = guard::guard("a_server_that_does_not_answer_is_asked_again_and_then_given_up");
    let silent_at_first = NameServer::start(|asked| {
        asked.address("www.test.", 1, 60);
        if asked.before < 2 { Vec::new() } else { vec![asked.answer.clone()] }
    });
    let options = asking(&silent_at_first).timeout(Duration::from_millis(20)).attempts(1000);
    assert_eq!(ips(&Resolver::new(options), "www.test").await, ["127.0.0.1", "2001:db8::1"]);
    assert!(silent_at_first.asked() >= 4);

    let silent = NameServer::start(|_| Vec::new());
    let options = asking(&silent).timeout(Duration::from_millis(5)).attempts(3);
    let error = Resolver::new(options).lookup("www.test", 80).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = format!("look up www.test: no answer from {} within 5ms, 3 times", silent.address);
    assert_eq!(error.to_string(), text);
}

#[seastar::test(shards = 1)]
async fn a_lookup_takes_limits_and_aborts() {
    let silent = NameServer::start(|_| Vec::new());
    let resolver = Resolver::new(asking(&silent));
    let error = resolver.lookup("www.test", 80).within(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "look up www.test: no answer within the time limit");
    let error = resolver.connect("www.test", 80).within(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "connect to www.test:80: no answer within the time limit");
    let abort = std::rc::Rc::new(AbortSource::new());
    let (lookup, source) = (resolver.lookup("www.test", 80), abort.clone());
    let given_up = spawn(async move { lookup.unless(&source).await });
    yield_now().await;
    abort.abort();
    let error = given_up.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    assert_eq!(error.to_string(), "look up www.test: given up because of an abort");
}

#[seastar::test(shards = 1)]
async fn an_answer_that_is_cut_is_asked_for_over_tcp() {
    let server = filled(|asked| {
        let (name, count) = (asked.name(), if asked.whole { 200 } else { 1 });
        asked.answer.metadata.truncation = !asked.whole;
        (1..=count).for_each(|last| asked.address(&name, last, 60));
    });
    let resolver = Resolver::new(asking(&server));
    assert_eq!(ips(&resolver, "many.test").await.len(), 400);
    assert_eq!(server.asked(), 4);
}

#[seastar::test(shards = 1)]
async fn answers_that_are_none_to_this_question_are_not_looked_at() {
    let server = NameServer::start(|asked| {
        let mut wrong_number = asked.answer.clone();
        wrong_number.metadata.id = wrong_number.metadata.id.wrapping_add(1);
        let mut wrong_name = asked.answer.clone();
        wrong_name.queries[0].set_name("evil.test.".parse().unwrap());
        let mut no_question = asked.answer.clone();
        no_question.queries.clear();
        let mut forged = vec![wrong_number, wrong_name, no_question];
        asked.address("www.test.", 1, 60);
        for message in &mut forged {
            let mut evil = Asked { query: asked.query, whole: false, before: 0, answer: message.clone() };
            evil.address("www.test.", 66, 60);
            *message = evil.answer;
        }
        forged.push(asked.answer.clone());
        forged
    });
    let resolver = Resolver::new(asking(&server));
    assert_eq!(ips(&resolver, "www.test").await, ["127.0.0.1", "2001:db8::1"]);
}

/// Answers twice, after lies of others and nonsense.
fn beset_server() -> (SocketAddr, thread::JoinHandle<()>) {
    let socket = std_socket();
    let address = socket.local_addr().unwrap();
    let server = thread::spawn(move || {
        let elsewhere = std_socket();
        for _ in 0..2 {
            let mut bytes = [0; 2000];
            let (len, from) = socket.recv_from(&mut bytes).unwrap();
            let question = hickory_proto::op::Message::from_vec(&bytes[..len]).unwrap();
            let mut answer =
                hickory_proto::op::Message::response(question.metadata.id, question.metadata.op_code);
            answer.add_query(question.queries[0].clone());
            let answered = |last| {
                let query = &question.queries[0];
                let mut asked = Asked { query, whole: false, before: 0, answer: answer.clone() };
                asked.address("www.test.", last, 60);
                asked.answer.to_vec().unwrap()
            };
            elsewhere.send_to(&answered(66), from).unwrap();
            socket.send_to(b"nonsense", from).unwrap();
            socket.send_to(&[0xff; 600], from).unwrap();
            socket.send_to(&answered(1), from).unwrap();
        }
    });
    (address, server)
}

#[seastar::test(shards = 1)]
async fn answers_from_elsewhere_and_nonsense_are_not_looked_at() {
    let (address, server) = beset_server();
    let resolver = Resolver::new(ResolverOptions::new([address]).timeout(LONG));
    assert_eq!(ips(&resolver, "www.test").await, ["127.0.0.1", "2001:db8::1"]);
    seastar::blocking_ok!(server.join().unwrap());
}

#[seastar::test(shards = 1)]
async fn what_is_no_name_is_refused_without_asking() {
    let resolver = Resolver::new(ResolverOptions::new([]));
    for name in ["", ".", "a..b", &"x".repeat(64), &"label.".repeat(50)] {
        let error = resolver.lookup(name, 80).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("look up {name}: this is no name of a host (")), "{text}");
    }
}

#[seastar::test(shards = 1)]
async fn a_name_with_several_addresses_is_connected_to_at_the_one_that_answers() {
    let listener = listen("127.0.0.1:0").unwrap();
    let port = listener.local_address().port();
    let server = filled(|asked| match asked.kind() {
        // Nobody listens at the second.
        RecordType::A => {
            asked.address("www.test.", 2, 60);
            asked.address("www.test.", 1, 60);
        }
        _ => asked.nothing(ResponseCode::NoError, 60),
    });
    let stream = Resolver::new(asking(&server)).connect("www.test", port).await.unwrap();
    assert_eq!(stream.peer_address().unwrap(), listener.local_address());
}
