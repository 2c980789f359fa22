//! The pages of the book, and the files that they are made from.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A page of the book.
pub struct Page {
    /// Its file, from `book/src` on, such as `reference/options.md`.
    pub path: String,
    pub text: String,
}

/// A file, or a part of one, that a page includes.
pub struct Include {
    /// The page.
    pub page: String,
    /// The file, from the root of the project on, such as `examples/hello.rs`.
    pub file: String,
    pub anchor: Option<String>,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn source() -> PathBuf {
    root().join("book/src")
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a file, named from the root of the project on.
pub fn read_in_root(path: &str) -> String {
    read(root().join(path))
}

/// The files in a folder and below it with this ending, each from the root of the project on, in order.
pub fn files(folder: &str, ending: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let entry = entry.expect("the folder is readable");
        let path = format!("{folder}/{}", entry.file_name().to_str().expect("names are text"));
        if entry.path().is_dir() {
            found.append(&mut files(&path, ending));
        } else if path.ends_with(ending) {
            found.insert(path);
        }
    }
    found
}

/// The last part of a path, without its ending.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// All pages, in the order of the summary, which is not one of them.
pub fn pages() -> Vec<Page> {
    let summary = read(source().join("SUMMARY.md"));
    let page = |path: &str| Page { path: path.to_owned(), text: read(source().join(path)) };
    between(&summary, "](", ")").map(page).collect()
}

/// What stands between `start` and `end`, wherever that is.
pub fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split(end).next())
}

/// All `{{#include PATH}}`, `{{#include PATH:ANCHOR}}` and `{{#include PATH::LINES}}`, in the order of the book.
pub fn includes() -> Vec<Include> {
    let mut includes = Vec::new();
    for page in pages() {
        for include in between(&page.text, "{{#include ", "}}") {
            let (path, anchor) = match include.split_once(':') {
                Some((path, anchor)) => (path, Some(anchor.to_owned())),
                None => (include, None),
            };
            let file = in_root(&page.path, path);
            includes.push(Include { page: page.path.clone(), file, anchor });
        }
    }
    includes
}

/// What a page means by a path: the same from the root of the project on.
fn in_root(page: &str, path: &str) -> String {
    let mut parts = vec!["book", "src"];
    parts.extend(page.split('/'));
    parts.pop();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => assert!(parts.pop().is_some(), "{page}: {path} leaves the project"),
            Component::Normal(part) => parts.push(part.to_str().expect("names are text")),
            _ => panic!("{page}: {path} is not relative"),
        }
    }
    parts.join("/")
}

/// Resolves a link of a page: the same from `book/src` on.
pub fn in_source(page: &str, link: &str) -> String {
    let path = in_root(page, link);
    path.strip_prefix("book/src/").unwrap_or_else(|| panic!("{page}: {link} leaves the book")).to_owned()
}

#[test]
fn paths_are_resolved() {
    assert_eq!(in_root("why/loop.md", "../../../examples/hello.rs"), "examples/hello.rs");
    assert_eq!(in_source("why/loop.md", "../limits.md"), "limits.md");
    assert_eq!(stem("examples/expected/echo.help.txt"), "echo");
}
