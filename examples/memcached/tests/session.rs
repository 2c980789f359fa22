//! What clients send, however it is cut, gets the answers of memcached: without sockets, on one shard.

mod support;

use memcached::cache::Cache;
use memcached::protocol::{Control, Decoder, Request, Step};
use memcached::store::{Clock, KeyHasher, Settings};
use proptest::collection::vec;
use proptest::prelude::*;
use support::conversation;

const ITEM_BYTES_MAX: usize = 1 << 20;
const NOW: u64 = 1_700_000_000;

/// A client and all that the server has.
struct Session {
    hasher: KeyHasher,
    cache: Cache,
    decoder: Decoder,
    answers: Vec<u8>,
    closed: bool,
}

impl Session {
    fn new() -> Session {
        let hasher = KeyHasher::fixed(1);
        let settings = Settings { memory_bytes: 8 << 20, item_bytes_max: ITEM_BYTES_MAX, evict: true };
        let cache = Cache::new(settings, hasher.clone(), Clock::new(NOW), NOW).expect("there is memory");
        Session { hasher, cache, decoder: Decoder::new(ITEM_BYTES_MAX), answers: Vec::new(), closed: false }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let Session { hasher, cache, decoder, answers, closed } = self;
        while !*closed {
            match decoder.next(&mut rest) {
                Step::Done => break,
                Step::One(request) => cache.execute(hasher.key(request.key), &request, answers),
                Step::Keys(op, keys) => {
                    for key in keys {
                        let request = Request { op, key, value: b"", flags: b"" };
                        cache.execute(hasher.key(key), &request, answers);
                    }
                    answers.extend_from_slice(b"END\r\n");
                }
                Step::Refused(text) => answers.extend_from_slice(format!("{text}\r\n").as_bytes()),
                Step::Control(Control::Quit) | Step::Close => *closed = true,
                Step::Control(Control::Nothing) => {}
                Step::Control(Control::MetaNoop) => answers.extend_from_slice(b"MN\r\n"),
                Step::Control(Control::FlushAll { delay, quiet }) => {
                    cache.flush_all(delay);
                    answers.extend_from_slice(if quiet { b"" } else { b"OK\r\n" });
                }
                Step::Control(Control::Answer(text)) => {
                    answers.extend_from_slice(format!("{text}\r\n").as_bytes());
                }
                Step::Control(other) => answers.extend_from_slice(format!("{other:?}\r\n").as_bytes()),
            }
        }
    }
}

/// The answers to `bytes`, which come in pieces of these lengths, again and again.
fn answers(bytes: &[u8], lengths: &[usize]) -> (String, bool) {
    let mut session = Session::new();
    let mut rest = bytes;
    for &length in lengths.iter().cycle() {
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        session.receive(piece);
        rest = behind;
        if rest.is_empty() || session.closed {
            break;
        }
    }
    assert!(session.decoder.kept_bytes() <= bytes.len());
    (session.answers.escape_ascii().to_string(), session.closed)
}

#[test]
fn answers_are_those_of_memcached() {
    for talk in conversation::all() {
        let expected = (talk.answers.escape_ascii().to_string(), talk.closed);
        assert_eq!(answers(&talk.sent, &[usize::MAX]), expected, "the conversation at line {}", talk.line);
    }
}

#[test]
fn answers_do_not_depend_on_where_conversations_are_cut() {
    for talk in conversation::all() {
        let expected = (talk.answers.escape_ascii().to_string(), talk.closed);
        for length in [1, 2, 3, 7, 64] {
            let cut = answers(&talk.sent, &[length]);
            assert_eq!(cut, expected, "the conversation at line {}, {length} bytes at a time", talk.line);
        }
    }
}

#[test]
fn what_cannot_become_a_command_is_not_kept() {
    let mut session = Session::new();
    // A value that is too large, and a line without an end.
    session.receive(b"set a 0 0 2147483000\r\n");
    for _ in 0..100 {
        session.receive(&[b'x'; 10_000]);
        assert_eq!(session.decoder.kept_bytes(), 0);
    }
    let mut session = Session::new();
    for _ in 0..100 {
        session.receive(&[b'x'; 10_000]);
        assert!(session.decoder.kept_bytes() <= 80_000);
    }
    assert!(session.closed);
    let mut session = Session::new();
    session.receive(b"get ");
    for _ in 0..1_000 {
        session.receive(&[b'x'; 10_000]);
        assert!(session.decoder.kept_bytes() <= 3 << 20);
    }
    assert!(session.closed);
}

#[test]
fn a_get_of_thousands_of_keys_is_answered() {
    let mut session = Session::new();
    session.receive(b"set a 0 0 1\r\nx\r\n");
    let line = format!("get{}\r\n", " a".repeat(20_000));
    for piece in line.as_bytes().chunks(8_000) {
        session.receive(piece);
    }
    assert!(!session.closed);
    assert_eq!(session.answers.len(), 8 + 20_000 * "VALUE a 0 1\r\nx\r\n".len() + 5);
}

/// Something that a client might send, more or less.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let talks = conversation::all();
    let count = talks.len();
    let known = (0..count).prop_map(move |index| talks[index].sent.clone());
    let words = prop::sample::select(vec![
        "get",
        "gets",
        "set",
        "add",
        "cas",
        "append",
        "incr",
        "touch",
        "gat",
        "mg",
        "ms",
        "md",
        "ma",
        "me",
        "mn",
        " ",
        " ",
        " ",
        "a",
        "b",
        "key",
        "0",
        "1",
        "2",
        "10",
        "-1",
        "noreply",
        "\r\n",
        "\r\n",
        "\n",
        "xx\r\n",
        "b",
        "v",
        "q",
        "k",
        "s",
        "t",
        "c",
        "I",
        "x",
        "T30",
        "N30",
        "C1",
        "E7",
        "MA",
        "Oab",
        "flush_all",
        "dGVzdA==",
    ]);
    let words = vec(words, 1..12).prop_map(|words| words.concat().into_bytes());
    let noise = vec(any::<u8>(), 0..40);
    prop_oneof![4 => known, 4 => words, 1 => noise, 1 => Just(b"\r\n".to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_input_gets_the_same_answers_wherever_it_is_cut(
        fragments in vec(fragment(), 1..12),
        lengths in vec(1usize..200, 1..20),
    ) {
        let bytes = fragments.concat();
        prop_assert_eq!(answers(&bytes, &lengths), answers(&bytes, &[usize::MAX]));
    }

    #[test]
    fn noise_is_survived(noise in vec(any::<u8>(), 0..5_000), lengths in vec(1usize..2_000, 1..5)) {
        prop_assert_eq!(answers(&noise, &lengths), answers(&noise, &[usize::MAX]));
    }
}
