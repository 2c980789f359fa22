//! Walks the book: what it includes exists, its code is all included, and nothing is left out.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn source() -> PathBuf {
    root().join("book/src")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all files in a folder with this ending, without it.
fn names(folder: impl AsRef<Path>, ending: &str) -> BTreeSet<String> {
    let folder = fs::read_dir(folder).expect("the folder is there");
    let names = folder.map(|entry| entry.expect("the folder is readable").file_name());
    names.filter_map(|name| name.to_str()?.strip_suffix(ending).map(str::to_owned)).collect()
}

/// Name and text of each chapter.
fn chapters() -> Vec<(String, String)> {
    let names = names(source(), ".md").into_iter().filter(|name| name != "SUMMARY");
    names.map(|name| (name.clone(), read(source().join(name + ".md")))).collect()
}

/// What stands between `start` and `end`, wherever that is.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split(end).next())
}

/// All `{{#include PATH}}` and `{{#include PATH:ANCHOR}}`, with the chapter that they stand in.
fn includes() -> Vec<(String, String, Option<String>)> {
    let mut includes = Vec::new();
    for (chapter, text) in chapters() {
        for include in between(&text, "{{#include ", "}}") {
            let (path, anchor) = match include.split_once(':') {
                Some((path, anchor)) => (path, Some(anchor.to_owned())),
                None => (include, None),
            };
            includes.push((chapter.clone(), path.to_owned(), anchor));
        }
    }
    includes
}

#[test]
fn all_that_is_included_exists() {
    let includes = includes();
    assert!(!includes.is_empty());
    for (chapter, path, anchor) in includes {
        let file = read(source().join(&path));
        let Some(anchor) = anchor else { continue };
        let marks =
            |mark: &str| file.lines().filter(|line| line.trim() == format!("// {mark}: {anchor}")).count();
        let once = (marks("ANCHOR"), marks("ANCHOR_END")) == (1, 1);
        assert!(once, "{chapter}.md: `{anchor}` does not begin and end once in {path}");
    }
}

#[test]
fn code_and_output_are_never_written_into_the_text() {
    for (chapter, text) in chapters() {
        for block in text.split("```").skip(1).step_by(2) {
            let (language, body) = block.split_once('\n').expect("a block has lines");
            // Commands are typed by the reader, their output is not; fragments of configuration have no test.
            let own = |line: &&str| !line.starts_with("{{#include ") && !line.starts_with("$ ");
            let written: Vec<_> = body.lines().filter(own).collect();
            match language {
                "rust" | "console" => {
                    assert!(written.is_empty(), "{chapter}.md: {written:?} belongs into a file")
                }
                "toml" | "cpp" => {}
                other => panic!("{chapter}.md: a block of `{other}`"),
            }
        }
    }
}

#[test]
fn every_example_and_its_output_are_in_the_book() {
    let includes: BTreeSet<_> = includes().into_iter().map(|(_, path, _)| path).collect();
    let mut examples = names(root().join("examples"), ".rs");
    examples.remove("lib");
    let declared = read(root().join("examples/Cargo.toml"));
    for name in examples {
        assert!(declared.contains(&format!("path = \"{name}.rs\"")), "{name} is not in Cargo.toml");
        assert!(includes.contains(&format!("../../examples/{name}.rs")), "{name} is not in the book");
    }
    for name in names(root().join("examples/expected"), ".txt") {
        let path = format!("../../examples/expected/{name}.txt");
        assert!(includes.contains(&path), "{name}.txt is not in the book");
    }
}

#[test]
fn the_summary_lists_every_chapter_once() {
    let summary = read(source().join("SUMMARY.md"));
    let listed: Vec<_> = between(&summary, "](", ")").collect();
    let mut expected: Vec<_> = chapters().into_iter().map(|(name, _)| name + ".md").collect();
    expected.sort_unstable();
    let mut sorted = listed;
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}

#[test]
fn links_between_chapters_lead_somewhere() {
    for (chapter, text) in chapters() {
        for link in between(&text, "](", ")").filter(|link| !link.starts_with("http")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { format!("{chapter}.md") } else { path.to_owned() };
            let target = read(source().join(path));
            let headings = target.lines().filter(|line| line.starts_with('#')).map(slug);
            let found = heading.is_empty() || headings.into_iter().any(|slug| slug == heading);
            assert!(found, "{chapter}.md: {link} leads nowhere");
        }
    }
}

/// The name by which a heading is linked to.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}
