//! What requests and their answers look like, byte by byte.

use std::io::Write;

/// A language that a server speaks.
#[derive(Clone, Copy, PartialEq)]
pub enum Protocol {
    Memcached,
    Redis,
}

impl Protocol {
    /// Appends the request for one or more values, and its answer when all are there.
    pub fn get(self, items: &[(&str, &[u8])], request: &mut Vec<u8>, answer: &mut Vec<u8>) {
        match self {
            Protocol::Memcached => {
                request.extend(b"get");
                for (key, value) in items {
                    request.push(b' ');
                    request.extend(key.as_bytes());
                    put(answer, format_args!("VALUE {key} 0 {}\r\n", value.len()));
                    answer.extend(*value);
                    answer.extend(b"\r\n");
                }
                request.extend(b"\r\n");
                answer.extend(b"END\r\n");
            }
            Protocol::Redis => {
                let many = items.len() > 1;
                let command: &[u8] = if many { b"MGET" } else { b"GET" };
                let keys = items.iter().map(|(key, _)| key.as_bytes());
                array(request, std::iter::once(command).chain(keys), items.len() + 1);
                if many {
                    put(answer, format_args!("*{}\r\n", items.len()));
                }
                items.iter().for_each(|(_, value)| bulk(answer, value));
            }
        }
    }

    /// Appends the request to store a value, and its answer.
    pub fn set(self, key: &str, value: &[u8], request: &mut Vec<u8>, answer: &mut Vec<u8>) {
        match self {
            Protocol::Memcached => {
                put(request, format_args!("set {key} 0 0 {}\r\n", value.len()));
                request.extend(value);
                request.extend(b"\r\n");
                answer.extend(b"STORED\r\n");
            }
            Protocol::Redis => {
                array(request, [b"SET", key.as_bytes(), value].into_iter(), 3);
                answer.extend(b"+OK\r\n");
            }
        }
    }
}

fn array<'a>(request: &mut Vec<u8>, words: impl Iterator<Item = &'a [u8]>, count: usize) {
    put(request, format_args!("*{count}\r\n"));
    words.for_each(|word| bulk(request, word));
}

fn bulk(bytes: &mut Vec<u8>, word: &[u8]) {
    put(bytes, format_args!("${}\r\n", word.len()));
    bytes.extend(word);
    bytes.extend(b"\r\n");
}

fn put(bytes: &mut Vec<u8>, text: std::fmt::Arguments) {
    // Writing to memory cannot fail.
    let _ = bytes.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(call: impl Fn(&mut Vec<u8>, &mut Vec<u8>)) -> [String; 2] {
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        call(&mut request, &mut answer);
        [request, answer].map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn both_protocols_are_as_documented() {
        let items: &[(&str, &[u8])] = &[("a", b"1"), ("b", b"22")];
        let memcached = texts(|request, answer| Protocol::Memcached.get(items, request, answer));
        assert_eq!(memcached, ["get a b\r\n", "VALUE a 0 1\r\n1\r\nVALUE b 0 2\r\n22\r\nEND\r\n"]);
        let redis = texts(|request, answer| Protocol::Redis.get(items, request, answer));
        let many = "*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n";
        assert_eq!(redis, [many, "*2\r\n$1\r\n1\r\n$2\r\n22\r\n"]);
        let one = texts(|request, answer| Protocol::Redis.get(&items[..1], request, answer));
        assert_eq!(one, ["*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "$1\r\n1\r\n"]);
        let set = texts(|request, answer| Protocol::Memcached.set("a", b"1", request, answer));
        assert_eq!(set, ["set a 0 0 1\r\n1\r\n", "STORED\r\n"]);
        let set = texts(|request, answer| Protocol::Redis.set("a", b"1", request, answer));
        assert_eq!(set, ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", "+OK\r\n"]);
    }
}
