//! Conversations as text: what is sent, and what comes back.

pub struct Conversation {
    /// Where it begins.
    pub line: usize,
    pub sent: Vec<u8>,
    pub answers: Vec<u8>,
    /// Whether the server ends it.
    pub closed: bool,
}

/// All that stand in the files.
pub fn all() -> Vec<Conversation> {
    let mut all = read(include_str!("../conversations/agreed.txt"));
    all.extend(read(include_str!("../conversations/own.txt")));
    assert!(all.len() > 200);
    all
}

/// Those that need all of the server.
pub fn with_server() -> Vec<Conversation> {
    read(include_str!("../conversations/server.txt"))
}

fn read(text: &str) -> Vec<Conversation> {
    let mut all = Vec::<Conversation>::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            inside = false;
            continue;
        }
        if !inside {
            let nothing = Vec::new;
            all.push(Conversation { line: number + 1, sent: nothing(), answers: nothing(), closed: false });
            inside = true;
        }
        let last = all.last_mut().expect("one was begun");
        match line.split_at(2.min(line.len())) {
            ("> ", text) => unescape(text, &mut last.sent),
            ("< ", text) => unescape(text, &mut last.answers),
            _ if line == "closed" => last.closed = true,
            _ => panic!("line {}: {line}", number + 1),
        }
    }
    all
}

/// Reads `\r`, `\n`, `\t`, `\\`, `\x00` and `{x*3}`.
fn unescape(text: &str, bytes: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let escaped = rest.get(1..2);
        let used = match (next, escaped) {
            ('\\', Some("r")) => (bytes.push(b'\r'), 2).1,
            ('\\', Some("n")) => (bytes.push(b'\n'), 2).1,
            ('\\', Some("t")) => (bytes.push(b'\t'), 2).1,
            ('\\', Some("\\")) => (bytes.push(b'\\'), 2).1,
            ('\\', Some("x")) => {
                bytes.push(u8::from_str_radix(&rest[2..4], 16).expect("two digits"));
                4
            }
            ('{', Some(what)) if rest[2..].starts_with('*') => {
                let end = rest.find('}').expect("a closing brace");
                let count = rest[3..end].parse().expect("a number");
                bytes.extend(what.repeat(count).bytes());
                end + 1
            }
            _ => (bytes.extend(next.to_string().bytes()), next.len_utf8()).1,
        };
        rest = &rest[used..];
    }
}
