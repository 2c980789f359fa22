//! What the macros cost the compiler: 300 functions written with them, beside the same written by hand.
//!
//! Both, and a program without any, are packages of a workspace in a temporary folder. What they depend on is built
//! first, so that a figure is that of one crate (and of starting cargo, which the program without functions shows).

mod elf;
mod generate;

use crate::cli::Options;
use crate::order;
use crate::report::Results;
use generate::Style;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

const FUNCTIONS: usize = 300;
const CASE: &str = "300 functions";
/// A round takes half a minute.
const ROUNDS_MAX: usize = 3;
const STEPS: [(&str, &[&str]); 3] =
    [("check ms", &["check"]), ("debug build ms", &["build"]), ("release build ms", &["build", "--release"])];

/// Compiles everything once in each round.
pub fn run(options: &Options, results: &mut Results) -> io::Result<()> {
    let folder = Folder::new()?;
    write_workspace(&folder.0)?;
    results.working("compile: what all of it depends on");
    for (_, arguments) in STEPS {
        cargo(&folder.0, arguments, "nothing")?;
    }
    let rounds = options.rounds.min(ROUNDS_MAX);
    for round in 0..rounds {
        results.progress("compile", round, rounds);
        for style in order::shuffled(&Style::ALL, round) {
            measure(&folder.0, style, results)?;
        }
    }
    Ok(())
}

fn measure(folder: &Path, style: Style, results: &mut Results) -> io::Result<()> {
    let (name, row) = (style.package(), style.row());
    for (metric, arguments) in STEPS {
        let source = File::options().append(true).open(folder.join(name).join("src/main.rs"))?;
        source.set_modified(SystemTime::now())?;
        let start = Instant::now();
        cargo(folder, arguments, name)?;
        results.add("compile", CASE, metric, row, start.elapsed().as_secs_f64() * 1e3);
    }
    for (metric, profile) in [("debug text KiB", "debug"), ("release text KiB", "release")] {
        let bytes = elf::text_bytes(&folder.join("target").join(profile).join(name))?;
        results.add("compile", CASE, metric, row, bytes as f64 / 1024.0);
    }
    Ok(())
}

fn cargo(folder: &Path, arguments: &[&str], package: &str) -> io::Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .args(["--quiet", "--package", package])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // Nothing has changed between two rounds, and nothing is to be taken over from the one before.
        .env("CARGO_INCREMENTAL", "0")
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{package} does not compile: {}", text.trim())));
    }
    Ok(())
}

fn write_workspace(folder: &Path) -> io::Result<()> {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runtime = bench.join("../runtime");
    let members = Style::ALL.map(|style| format!("{:?}", style.package())).join(", ");
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n[workspace.dependencies]\nseastar = {{ path = {runtime:?} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), workspace)?;
    // The versions that we are tested with.
    fs::copy(bench.join("../Cargo.lock"), folder.join("Cargo.lock"))?;
    for style in Style::ALL {
        let package = folder.join(style.package());
        fs::create_dir_all(package.join("src"))?;
        let name = style.package();
        let manifest = format!(
            "[package]\nname = {name:?}\nedition = \"2024\"\n\n[dependencies]\nseastar.workspace = true\n"
        );
        fs::write(package.join("Cargo.toml"), manifest)?;
        fs::write(package.join("src/main.rs"), generate::program(style, FUNCTIONS))?;
    }
    Ok(())
}

/// A temporary folder, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("seastar-bench-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
