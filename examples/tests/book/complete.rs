//! Nothing is left out of the book.

use std::collections::BTreeSet;

use crate::files::{files, includes, read_in_root, stem};

fn included() -> BTreeSet<String> {
    includes().into_iter().map(|include| include.file).collect()
}

#[test]
fn every_example_and_its_output_are_shown() {
    let included = included();
    let declared = read_in_root("examples/Cargo.toml");
    let top = |file: &String| file.matches('/').count() == 1;
    for file in files("examples", ".rs").into_iter().filter(top).filter(|file| file != "examples/lib.rs") {
        let name = stem(&file);
        assert!(declared.contains(&format!("path = \"{name}.rs\"")), "{file} is not in examples/Cargo.toml");
        assert!(included.contains(&file), "no page of the book includes {file}");
    }
    for file in files("examples/expected", ".txt") {
        assert!(included.contains(&file), "no page of the book includes {file}");
    }
}
