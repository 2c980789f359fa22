//! What ARCHITECTURE.md says of the sources, held against them: where `unsafe` code is, and that files are short.

use std::fs;
use std::path::{Path, PathBuf};

/// About 400 is the aim; a file that is much longer is two ideas.
const LINES_MAX: usize = 450;
/// The same for tests, of which one is little more than the sum.
const TEST_LINES_MAX: usize = 500;

#[test]
fn unsafe_code_lies_where_it_is_said_to() {
    let places = places();
    assert!(places.len() > 40, "the list was not found: {places:?}");
    let files = unsafe_files();
    let is_in = |file: &str, place: &str| {
        file.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let unsaid: Vec<_> = files.iter().filter(|file| !places.iter().any(|place| is_in(file, place))).collect();
    assert!(unsaid.is_empty(), "ARCHITECTURE.md does not name these, which have `unsafe` code: {unsaid:?}");
    let without: Vec<_> =
        places.iter().filter(|place| !files.iter().any(|file| is_in(file, place))).collect();
    assert!(without.is_empty(), "ARCHITECTURE.md names these, which have no `unsafe` code: {without:?}");
}

#[test]
fn files_are_short() {
    let root = root();
    let mut files = Vec::new();
    for folder in ["macros", "runtime", "examples", "ui-tests", "bench"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 300, "only {} files were found", files.len());
    let long = files.iter().filter_map(|file| {
        let is_test = file.components().any(|part| part.as_os_str() == "tests");
        let (lines, max) = (read(file).lines().count(), if is_test { TEST_LINES_MAX } else { LINES_MAX });
        (lines > max).then(|| format!("{}: {lines}", file.display()))
    });
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "these are longer than {LINES_MAX} lines, or {TEST_LINES_MAX}: {long:#?}");
}

/// What the list names, with `a/{b,c}` as `a/b` and `a/c`.
fn places() -> Vec<String> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let list = text.split_once("* **`unsafe` has its reason**").expect("it is an invariant").1;
    let list = list.split_once("and lives in").expect("it begins so").1;
    let list = list.split_once("and in what").expect("it ends so").0;
    let mut places = Vec::new();
    for name in list.split('`').skip(1).step_by(2) {
        match name.trim_end_matches('}').split_once('{') {
            Some((before, names)) => places.extend(names.split(',').map(|name| format!("{before}{name}"))),
            None => places.push(name.to_owned()),
        }
    }
    places
}

/// Files of the runtime that have some, without their ending; `a` for `a/mod.rs`.
fn unsafe_files() -> Vec<String> {
    let source = root().join("runtime/src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    files.retain(|file| read(file).lines().any(is_unsafe));
    let name = |file: &PathBuf| {
        let name = file.strip_prefix(&source).expect("it lies there").with_extension("");
        name.display().to_string().trim_end_matches("/mod").to_owned()
    };
    files.iter().map(name).collect()
}

fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == "unsafe")
}

/// All files of code below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("it is listed").path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
