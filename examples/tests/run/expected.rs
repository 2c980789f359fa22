//! Comparing with the files in `expected/`, which the book shows.

use std::fs;
use std::path::PathBuf;

/// Compares with `expected/FILE.txt`.
#[track_caller]
pub fn assert_output(file: &str, actual: &str) {
    compare(file, actual, str::to_owned);
}

/// Compares with `expected/FILE.txt`, but takes any number for any other, and any reason for a limit: those depend on
/// the machine.
#[track_caller]
pub fn assert_shape(file: &str, actual: &str) {
    compare(file, actual, shape);
}

#[track_caller]
fn compare(file: &str, actual: &str, shape: fn(&str) -> String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("expected/{file}.txt"));
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if shape(&expected) == shape(actual) {
        return;
    }
    if std::env::var_os("EXPECTED").is_some_and(|value| value == "overwrite") {
        fs::write(&path, actual).expect("the expected output can be written");
        return;
    }
    panic!(
        "expected/{file}.txt says\n{expected}\nbut the example printed\n{actual}\n\
         If that is right, run the test again with EXPECTED=overwrite, and read what the book makes of it"
    );
}

fn shape(text: &str) -> String {
    let mut shape = String::new();
    for char in text.chars() {
        match char {
            '0'..='9' if shape.ends_with('#') => {}
            '0'..='9' => shape.push('#'),
            other => shape.push(other),
        }
    }
    match (shape.find("limited by "), shape.find(';')) {
        (Some(start), Some(end)) if start < end => shape.replace_range(start..end, "limited by .."),
        _ => {}
    }
    shape
}

#[test]
fn a_shape_has_no_numbers_and_no_limit() {
    assert_eq!(shape("from 127.0.0.1:4711\n"), "from #.#.#.#:#\n");
    assert_eq!(shape("needed 5, limited by --cpuset; lower -c"), "needed #, limited by ..; lower -c");
}
