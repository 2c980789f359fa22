//! Links of the book lead somewhere, and the summary lists every page.

use std::collections::BTreeSet;

use crate::files::{between, files, in_source, pages, read, source};

#[test]
fn the_summary_lists_every_page_once() {
    let mut listed: Vec<_> = pages().into_iter().map(|page| format!("book/src/{}", page.path)).collect();
    let mut expected = files("book/src", ".md");
    expected.remove("book/src/SUMMARY.md");
    listed.sort_unstable();
    assert_eq!(listed, Vec::from_iter(expected));
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let paths: BTreeSet<_> = pages.iter().map(|page| page.path.clone()).collect();
    for page in &pages {
        let text = without_code(&page.text);
        for link in between(&text, "](", ")").filter(|link| !link.starts_with("http")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { page.path.clone() } else { in_source(&page.path, path) };
            if !path.ends_with(".md") {
                assert!(source().join(&path).exists(), "{}: {path} does not exist", page.path);
                continue;
            }
            assert!(paths.contains(&path), "{}: {link} leads out of the book", page.path);
            let found = heading.is_empty() || anchors(&read(source().join(&path))).contains(heading);
            assert!(found, "{}: {link} leads nowhere", page.path);
        }
    }
}

#[test]
fn every_picture_is_shown() {
    let pages = pages();
    for picture in files("book/src", ".svg") {
        let name = picture.rsplit('/').next().expect("a path has a name");
        assert!(pages.iter().any(|page| page.text.contains(name)), "{picture} is on no page");
    }
}

/// The text without blocks and pieces of code, in which brackets mean something else.
fn without_code(text: &str) -> String {
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').step_by(2).collect()
}

/// The names by which the headings of a page are linked to.
fn anchors(page: &str) -> BTreeSet<String> {
    let prose: String = page.split("```").step_by(2).collect();
    prose.lines().filter(|line| line.starts_with('#')).map(slug).collect()
}

fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

#[test]
fn headings_have_names() {
    assert_eq!(slug("## When it does not start"), "when-it-does-not-start");
    assert_eq!(slug("## `with_semaphore!`"), "with_semaphore");
}
