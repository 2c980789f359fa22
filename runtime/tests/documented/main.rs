//! Each public item of the crate has an example, or names one: read in the sources, so that nothing has to be built for it.
//!
//! A method has one if it occurs in an example of its type: where its page is read, it is seen in use. An example that is only
//! linked to counts as well, so that the future of a function need not repeat what the function shows.

mod sources;

use std::collections::BTreeSet;

use sources::{Item, Sources};

#[test]
fn everything_public_has_an_example() {
    let items = Sources::read().public_items();
    let methods: usize = items.iter().map(|item| item.methods.len()).sum();
    assert!(
        items.len() > 150 && methods > 280,
        "only {} items and {methods} methods were found",
        items.len()
    );

    let shown: BTreeSet<String> = items.iter().flat_map(shown).collect();
    let shows_another = |docs: &str| links(docs).iter().any(|link| shown.contains(link));
    let mut missing = Vec::new();
    for item in &items {
        let examples = examples(item);
        if examples.is_empty() && !shows_another(&item.docs) {
            missing.push(item.name.clone());
        }
        for method in &item.methods {
            if !mentions(&examples, &method.name) && !shows_another(&own_links(&method.docs, item)) {
                missing.push(format!("{}::{}", item.name, method.name));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "neither these nor their types have an example in which they occur, nor a link to something that has one:\n{}",
        missing.join("\n")
    );
}

/// The code of all examples on the page of an item.
fn examples(item: &Item) -> String {
    let docs = item.methods.iter().map(|method| &method.docs).chain(&item.blocks).chain([&item.docs]);
    docs.map(|docs| code(docs)).collect()
}

/// What is between the fences.
fn code(docs: &str) -> String {
    docs.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .map(|(_, code)| code)
        .collect()
}

/// The names, as links write them, of what can be seen in use on the page of an item.
fn shown(item: &Item) -> Vec<String> {
    let examples = examples(item);
    let short = item.name.rsplit("::").next().unwrap_or(&item.name);
    let used = item.methods.iter().filter(|method| mentions(&examples, &method.name));
    let mut shown: Vec<_> = used.map(|method| format!("{short}::{}", method.name)).collect();
    if !examples.is_empty() {
        shown.push(short.to_owned());
    }
    shown
}

fn mentions(code: &str, name: &str) -> bool {
    let of_a_word = |char: char| char.is_alphanumeric() || char == '_';
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(of_a_word) && !code[at + name.len()..].starts_with(of_a_word))
}

/// The last one and the last two parts of every path that the docs link to.
fn links(docs: &str) -> Vec<String> {
    let prose: String = docs.split("```").step_by(2).collect();
    let mut links = Vec::new();
    for link in prose.split("[`").skip(1).filter_map(|rest| rest.split_once("`]")) {
        let target = link.1.strip_prefix('(').and_then(|rest| rest.split(')').next()).unwrap_or(link.0);
        let parts: Vec<_> = target.trim_end_matches("()").split("::").collect();
        links.push(parts[parts.len() - 1].to_owned());
        if let [.., before, last] = parts[..] {
            links.push(format!("{before}::{last}"));
        }
    }
    links
}

/// The docs of a method with `Self` as its type.
fn own_links(docs: &str, item: &Item) -> String {
    docs.replace("Self::", &format!("{}::", item.name))
}

#[test]
fn links_are_read_as_rustdoc_reads_them() {
    let docs = "The future of [`read`](super::Reader::read), as [`Reader`].\n```\nlet [`no`] = 1;\n```";
    assert_eq!(links(docs), ["read", "Reader::read", "Reader"]);
    assert!(mentions("a.read_all().read()", "read") && !mentions("a.read_all()", "read"));
    assert_eq!(code("text\n```no_run\nmain();\n```\nmore"), "main();\n");
}
