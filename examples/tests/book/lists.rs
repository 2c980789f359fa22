//! Lists of files on the pages, between `<!-- list: KIND -->` and `<!-- end of list -->`, are those that there are.

use std::fmt::Write;
use std::fs;

use crate::files::{between, files, includes, pages, read_in_root, source, stem};

const END: &str = "<!-- end of list -->";

#[test]
fn lists_are_complete() {
    for page in pages() {
        let mut text = page.text.clone();
        for list in between(&page.text, "<!-- list: ", END) {
            let (kind, _) = list.split_once(" -->").expect("a list has a kind");
            let to_root = "../".repeat(page.path.matches('/').count() + 2);
            let complete = match kind.split_once(' ') {
                Some(("mistakes", folder)) => mistakes(&to_root, folder),
                Some(("examples", folder)) => examples(&page.path, folder),
                _ => panic!("{}: a list of `{kind}`", page.path),
            };
            text = text.replace(list, &format!("{kind} -->\n\n{complete}\n"));
        }
        if text == page.text {
            continue;
        }
        if std::env::var_os("EXPECTED").is_some_and(|value| value == "overwrite") {
            fs::write(source().join(&page.path), text).expect("the page can be written");
            continue;
        }
        panic!(
            "a list in book/src/{} is not up to date; EXPECTED=overwrite cargo test -p seastar-examples --test book \
             writes it anew",
            page.path
        );
    }
}

/// The programs in a folder of `ui-tests/fail`, and what the compiler says.
fn mistakes(to_root: &str, folder: &str) -> String {
    let mut list = String::new();
    for file in files(&format!("ui-tests/fail/{folder}"), ".rs") {
        let text = read_in_root(&file);
        let first = text.lines().next().unwrap_or_default();
        let reason = first.strip_prefix("//").map(|line| line.trim_start_matches('!').trim().to_owned());
        let name = reason.unwrap_or_else(|| stem(&file).replace('_', " "));
        // A name in backticks would be text in HTML.
        let name = name.split('`').enumerate().map(|(place, part)| match place % 2 {
            0 => part.replace('<', "&lt;"),
            _ => format!("<code>{}</code>", part.replace('<', "&lt;")),
        });
        let (name, answer) = (name.collect::<String>(), file.replace(".rs", ".stderr"));
        writeln!(
            list,
            "<details><summary>{name}</summary>\n\n\
             ```rust\n{{{{#include {to_root}{file}}}}}\n```\n\n\
             ```console\n$ cargo build\n{{{{#include {to_root}{answer}}}}}\n```\n\n\
             </details>\n"
        )
        .expect("a text grows");
    }
    list
}

/// The examples in a folder, with what they are about and the first page that shows them.
fn examples(list: &str, folder: &str) -> String {
    let mut table = String::from("| example | what it shows | where |\n|---|---|---|\n");
    let pages = pages();
    let includes = includes();
    let declared = read_in_root(&format!("{folder}/Cargo.toml"));
    for path in
        between(&declared, "path = \"", "\"").filter(|path| path.ends_with(".rs") && *path != "lib.rs")
    {
        let file = format!("{folder}/{path}");
        let text = read_in_root(&file);
        let about = text.lines().take_while(|line| line.starts_with("//! ")).map(|line| &line[4..]);
        let about = about.collect::<Vec<_>>().join(" ");
        let name = stem(&file);
        let shown = includes.iter().find(|include| include.file == file && include.page != list);
        let shown = shown.unwrap_or_else(|| panic!("no page of the book includes {file}"));
        let page = pages.iter().find(|page| page.path == shown.page).expect("it includes something");
        let title = page.text.lines().next().expect("a page has a title").trim_start_matches("# ");
        let up = "../".repeat(list.matches('/').count());
        writeln!(table, "| `{name}` | {about} | [{title}]({up}{}) |", page.path).expect("a text grows");
    }
    table
}
