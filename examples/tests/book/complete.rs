//! Nothing is left out of the book.

use std::collections::BTreeSet;

use crate::files::{between, files, includes, pages, read_in_root, stem};

fn included() -> BTreeSet<String> {
    includes().into_iter().map(|include| include.file).collect()
}

fn page(path: &str) -> String {
    let found = pages().into_iter().find(|page| page.path == path);
    found.unwrap_or_else(|| panic!("the book has no page {path}")).text
}

#[test]
fn every_example_and_its_output_are_shown() {
    let included = included();
    for folder in ["examples", "examples/ecosystem"] {
        let declared = read_in_root(&format!("{folder}/Cargo.toml"));
        let top = |file: &String| file.rsplit_once('/').is_some_and(|(path, _)| path == folder);
        for file in files(folder, ".rs").into_iter().filter(top).filter(|file| stem(file) != "lib") {
            let name = stem(&file);
            let path = format!("path = \"{name}.rs\"");
            assert!(declared.contains(&path), "{file} is not in {folder}/Cargo.toml");
            assert!(included.contains(&file), "no page of the book includes {file}");
        }
        for file in files(&format!("{folder}/expected"), ".txt") {
            assert!(included.contains(&file), "no page of the book includes {file}");
        }
    }
}

/// The macros that users of the crate may write.
fn macros() -> BTreeSet<String> {
    let mut macros = BTreeSet::new();
    let name = |rest: &str| {
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    for file in files("runtime/src", ".rs") {
        let text = read_in_root(&file);
        macros.extend(text.split("#[macro_export]\nmacro_rules! ").skip(1).map(name));
    }
    let text = read_in_root("macros/src/lib.rs");
    macros.extend(text.split("#[proc_macro_attribute]\npub fn ").skip(1).map(name));
    macros
}

#[test]
fn every_macro_has_a_page_with_its_parts() {
    let macros = macros();
    assert!(macros.len() >= 14, "{macros:?}");
    let overview = page("reference/macros.md");
    for name in macros {
        let path = format!("reference/macros/{name}.md");
        let text = page(&path);
        let headings = ["Use", "Rules", "Expansion", "Size", "Mistakes"];
        let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(found, headings, "the parts of {path}");
        assert!(
            overview.contains(&format!("](macros/{name}.md)")),
            "reference/macros.md has no link to {name}"
        );
    }
}

#[test]
fn every_expansion_is_shown() {
    let included = included();
    for file in files("macros/expansions", ".rs") {
        assert!(included.contains(&file), "no page of the book includes {file}");
    }
}

/// On the command line, in attributes, and in code.
#[test]
fn every_option_has_an_entry() {
    let text = page("reference/options.md");
    let help = read_in_root("examples/expected/hello.help-seastar.txt");
    let on_command_line = help.lines().filter_map(|line| {
        let option = line.trim().trim_start_matches("-c, ").trim_start_matches("-m, ");
        option.starts_with("--").then(|| option.split(['[', ' ']).next().unwrap_or(option))
    });
    let settings = read_in_root("macros/src/parse/settings.rs");
    let options = read_in_root("runtime/src/app/options.rs");
    let methods = options.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("pub ").trim_start_matches("const ");
        line.strip_prefix("fn ")?.strip_suffix("-> Options {")?.split_once("(mut self").map(|(name, _)| name)
    });
    let mut entries: BTreeSet<&str> = on_command_line.collect();
    assert!(entries.len() >= 13, "{entries:?}");
    entries.extend(between(&settings, "Key::new(\"", "\""));
    entries.extend(methods);
    for entry in entries {
        let found = text.match_indices(entry).any(|(at, _)| {
            let after = text[at + entry.len()..].chars().next();
            text[..at].ends_with('`') && matches!(after, Some('`' | ' ' | '('))
        });
        assert!(found, "reference/options.md has no entry for {entry}");
    }
}

/// The types whose names end with `Options`, apart from that of the program, and their methods.
#[test]
fn every_option_in_code_has_an_entry() {
    let text = page("reference/code-options.md");
    let mut options = 0;
    for file in files("runtime/src", ".rs").into_iter().filter(|file| file != "runtime/src/app/options.rs") {
        for line in read_in_root(&file).lines().filter(|line| line.trim().starts_with("pub ")) {
            let Some((head, owner)) = line.trim_end_matches(" {").rsplit_once(" -> ") else { continue };
            let Some((name, parameters)) = head.split_once('(') else { continue };
            let name = name.split('<').next().unwrap_or(name);
            let name = name.rsplit(' ').next().unwrap_or(name);
            let sets = parameters.starts_with("self, ") || parameters.starts_with("mut self, ");
            if !sets || !owner.ends_with("Options") {
                continue;
            }
            options += 1;
            let part = text.split(&format!("\n## `{owner}`\n")).nth(1).unwrap_or_default();
            let part = part.split("\n## ").next().unwrap_or_default();
            assert!(
                part.contains(&format!("\n| `{name}` |")),
                "reference/code-options.md has no entry for {name} of {owner}"
            );
        }
    }
    assert!(options >= 18, "only {options} options were found");
}

#[test]
fn every_type_of_error_has_an_entry() {
    let text = page("reference/errors.md");
    let mut types = 0;
    for file in files("runtime/src", ".rs") {
        let source = read_in_root(&file);
        for line in source.lines().filter(|line| line.starts_with("impl")) {
            let Some((_, after)) = line.split_once("Error for ") else { continue };
            let name = after.split(['<', ' ']).next().unwrap_or(after);
            if !["pub struct", "pub enum"].iter().any(|kind| source.contains(&format!("{kind} {name}"))) {
                continue;
            }
            types += 1;
            assert!(
                text.contains(&format!("\n## `{name}`\n")),
                "reference/errors.md has no entry for {name}"
            );
        }
    }
    assert!(types >= 17, "only {types} types of error were found");
}

#[test]
fn every_mistake_that_does_not_compile_is_shown() {
    let included = included();
    for file in files("ui-tests/fail", ".stderr") {
        assert!(
            included.contains(&file),
            "no page of the book includes {file}: that of the macro, or mistakes.md, is the place"
        );
    }
}
