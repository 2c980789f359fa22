//! Buffers that are views: shared, cut and passed on without copying what is in them.

use seastar::net::TemporaryBuffer;

// ANCHOR: parse
/// Takes a line off the front of `bytes`, if there is a whole one.
fn next_line(bytes: &mut TemporaryBuffer) -> Option<TemporaryBuffer> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let mut line = bytes.split_to(end + 1);
    line.trim(end);
    Some(line)
}
// ANCHOR_END: parse

fn text(buffer: &TemporaryBuffer) -> String {
    String::from_utf8_lossy(buffer).into_owned()
}

#[seastar::main]
async fn main() {
    // ANCHOR: main
    let mut bytes = TemporaryBuffer::from_static(b"GET /index.html\nHost: here\nAcc");
    let mut lines = Vec::new();
    while let Some(line) = next_line(&mut bytes) {
        lines.push(line);
    }
    println!("{} lines, and {:?} is left", lines.len(), text(&bytes));

    let mut path = lines[0].share(4..);
    path.trim_front(1);
    println!("{:?} is a part of {:?}", text(&path), text(&lines[0]));

    drop(lines);
    let kept = TemporaryBuffer::copy_of(&path).expect("the shard has memory");
    drop(path);
    println!("{:?} does not hold back anything", text(&kept));
    // ANCHOR_END: main
}
