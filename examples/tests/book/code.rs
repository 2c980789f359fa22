//! The book has no code of its own.

use crate::files::{files, includes, pages, read_in_root, stem};

/// Where the files lie that are compiled, run or printed by tests.
const TESTED: [&str; 5] = ["examples/", "ui-tests/", "macros/expansions/", "runtime/tests/", "runtime/src/"];

#[test]
fn what_is_included_exists_and_is_tested() {
    let includes = includes();
    assert!(!includes.is_empty());
    for include in includes {
        let (page, file) = (include.page, include.file);
        let tested = TESTED.iter().any(|folder| file.starts_with(folder));
        assert!(tested, "{page}: no test reads {file}");
        let text = read_in_root(&file);
        let Some(anchor) = include.anchor else { continue };
        if let Some(last) = anchor.strip_prefix(':') {
            let line = last.parse().ok().and_then(|last: usize| text.lines().nth(last));
            assert_eq!(line, Some(""), "{page}: line {last} of {file} does not end a message");
            continue;
        }
        let marks = |mark: &str| {
            let mark = format!("{mark}: {anchor}");
            let marked = |line: &&str| {
                ["// ", "# "].iter().any(|comment| line.trim().strip_prefix(comment) == Some(&mark))
            };
            text.lines().filter(marked).count()
        };
        let once = (marks("ANCHOR"), marks("ANCHOR_END")) == (1, 1);
        assert!(once, "{page}: `{anchor}` does not begin and end once in {file}");
    }
}

#[test]
fn code_and_output_are_never_written_into_the_text() {
    for page in pages() {
        for block in page.text.split("```").skip(1).step_by(2) {
            let (language, body) = block.split_once('\n').expect("a block has lines");
            let prompt = match language {
                "rust" | "toml" | "text" => None,
                // Commands are typed by the reader, their output is not.
                "console" => Some(["$ ", "(gdb) "]),
                other => panic!("{}: a block of `{other}`", page.path),
            };
            let typed = |line: &str| prompt.iter().flatten().any(|prompt| line.starts_with(prompt));
            let own = |line: &&str| !line.starts_with("{{#include ") && !typed(line);
            let written: Vec<_> = body.lines().filter(own).collect();
            assert!(written.is_empty(), "{}: {written:?} belongs into a file", page.path);
        }
    }
}

#[test]
fn examples_that_are_run_exist() {
    let examples = files("examples", ".rs");
    let exists =
        |name: &str| examples.iter().any(|file| stem(file) == name || file.contains(&format!("/{name}/")));
    for page in pages() {
        for command in page.text.lines().filter(|line| line.starts_with("$ ")) {
            let mut words = command.split(' ').skip_while(|word| *word != "--example").skip(1);
            if let Some(name) = words.next() {
                assert!(exists(name), "{}: `{command}` runs no example", page.path);
            }
        }
    }
}
