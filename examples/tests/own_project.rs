//! A project of its own, outside of this one, that depends on the crate by its path.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_first_server_of_a_reader_builds() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::current_exe().expect("a test has a path");
    let target = target.ancestors().nth(3).expect("it lies in a folder for tests").join("own-project");
    let folder = std::env::temp_dir().join(format!("seastar-own-project-{}", std::process::id()));
    let project = folder.join("my-server");
    fs::create_dir_all(project.join("src")).expect("the folder for temporary files can be written");
    symlink(examples.join(".."), folder.join("seastar")).expect("the path in its Cargo.toml leads here");
    for file in ["Cargo.toml", "src/main.rs"] {
        fs::copy(examples.join("own-project").join(file), project.join(file)).expect("the project is there");
    }
    // What is there for this project is enough for that one.
    fs::copy(examples.join("../Cargo.lock"), project.join("Cargo.lock")).expect("the versions are known");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    succeeds(
        Command::new(cargo).args(["build", "--offline", "--target-dir"]).arg(&target).current_dir(&project),
    );
    let help = succeeds(Command::new(target.join("debug/my-server")).arg("--help"));
    fs::remove_dir_all(&folder).expect("it is ours");
    let help = String::from_utf8(help.stdout).expect("the help is text");
    assert!(help.starts_with("Greets everybody who connects.\n\nUsage: my-server [OPTIONS]\n"), "{help}");
}
