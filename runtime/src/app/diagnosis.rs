//! What `--help-seastar` tells at its end: what this machine offers, what is missing, and what comes of that.

use std::fmt::Write;
use std::io;
use std::path::Path;

use super::backend::{self, Choice, VARIABLE};
use super::error::StartError;
use super::options::Options;
use super::units::format_memory;
use crate::sys::driver::{self, Feature, Features};
use crate::sys::kernel::Kernel;
use crate::sys::limits::Limit;
use crate::sys::machine::Machine;

/// Where the second column begins.
const INDENT: usize = 25;
const WIDTH: usize = 80;

/// One line for each thing that matters, and more where something is wrong.
pub(super) fn describe(code: &Options) -> String {
    let kernel = Kernel::detect_at(Path::new("/"));
    let unwanted = backend::unwanted();
    let probed = driver::probe_io_uring(*unwanted.as_ref().unwrap_or(&Features::NONE));
    let mut table = Table("This machine:\n".to_owned());
    table.row("kernel", &format!("Linux {}", kernel.release.as_deref().unwrap_or("of an unknown version")));
    match Machine::detect() {
        Ok(machine) => table.machine(&machine),
        Err(error) => table.row("CPUs and memory", &StartError::Machine(error).to_string()),
    }
    table.limits();
    table.io_uring(&kernel, &probed, unwanted.as_ref().ok());
    let decided = decision(code, unwanted.map(|_| &probed));
    table.row("reactor backend", &decided.unwrap_or_else(|error| format!("none: {error}")));
    table.0
}

/// The backend, and why it is that one.
fn decision(code: &Options, probed: Result<&io::Result<Features>, StartError>) -> Result<String, StartError> {
    let option = code.reactor_backend.as_deref();
    let from = if option.is_some() { "the program" } else { VARIABLE };
    let choice = Choice::of(option)?;
    if let Choice::Epoll = choice {
        return Ok(format!("epoll, which {from} asks for"));
    }
    let must = matches!(choice, Choice::IoUring);
    Ok(match probed?.as_ref().err().map(|error| format!("io_uring is refused: {error}")) {
        None if must => format!("io_uring, which {from} asks for"),
        None => "io_uring".to_owned(),
        Some(refused) if must => format!("none: {from} asks for io_uring, and {refused}"),
        Some(refused) => format!("epoll, because {refused}"),
    })
}

struct Table(String);

impl Table {
    /// A name, and what there is to say about it, in as many lines as that takes.
    fn row(&mut self, name: &str, value: &str) {
        let mut line = format!("      {name:<width$}", width = INDENT - 6);
        let mut is_empty = true;
        for word in value.split(' ') {
            if !is_empty && line.len() + 1 + word.len() > WIDTH {
                let _ = writeln!(self.0, "{}", line.trim_end());
                line = " ".repeat(INDENT);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        let _ = writeln!(self.0, "{}", line.trim_end());
    }

    fn machine(&mut self, machine: &Machine) {
        self.row("CPUs", &format!("{} of the affinity mask", machine.allowed()));
        let quota = machine.cpu_quota_milli.map(|milli| format!("{}.{:03} CPUs", milli / 1000, milli % 1000));
        self.row("CPU quota", quota.as_deref().unwrap_or("none"));
        let limit = match machine.memory_limit {
            Some(limit) if limit < machine.memory_physical => {
                format!("limited to {} MiB by the control group", limit >> 20)
            }
            _ => "not limited by the control group".to_owned(),
        };
        self.row("memory", &format!("{} MiB, {limit}", machine.memory_physical >> 20));
    }

    fn limits(&mut self) {
        let text = match Limit::descriptors() {
            Ok(limit) if limit.raised() != limit => {
                format!("at most {}, which is raised to {} at start", limit.soft, limit.raised().soft)
            }
            Ok(limit) => format!("at most {}", limit.soft),
            Err(error) => error.to_string(),
        };
        self.row("open files", &text);
        let text = match Limit::locked_memory() {
            Ok(limit) if limit.soft == libc::RLIM_INFINITY => "not limited".to_owned(),
            Ok(limit) => format!("at most {}", format_memory(limit.soft)),
            Err(error) => error.to_string(),
        };
        self.row("locked memory", &text);
    }

    fn io_uring(&mut self, kernel: &Kernel, probed: &io::Result<Features>, unwanted: Option<&Features>) {
        let rule = match kernel.io_uring_disabled {
            Some(0) => "0: allowed",
            Some(1) => "1: allowed to the group of kernel.io_uring_group only",
            Some(_) => "2: forbidden",
            None => "not there: allowed if io_uring was compiled in",
        };
        self.row("io_uring_disabled", rule);
        let filter = if kernel.is_filtered { "there is one, which may forbid io_uring" } else { "none" };
        self.row("seccomp profile", filter);
        let features = match probed {
            Ok(features) => features,
            Err(error) => {
                let copy = error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error);
                let text = StartError::IoUring(copy).to_string();
                return self.row("io_uring", text.trim_start_matches("io_uring "));
            }
        };
        self.row("io_uring", "it can be used, with");
        for feature in Feature::ALL {
            let text = match (features.has(feature), unwanted.is_some_and(|unwanted| unwanted.has(feature))) {
                (true, _) => "yes".to_owned(),
                (false, true) => format!("no, {} says so", backend::WITHOUT),
                (false, false) => format!("no, or refused; it came with Linux {}", feature.since()),
            };
            self.row(&format!("  {}", feature.name()), &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_between_words() {
        let mut table = Table(String::new());
        table.row("name", &"word ".repeat(30));
        assert_eq!(table.0.lines().count(), 3);
        assert!(table.0.lines().all(|line| line.len() <= WIDTH));
        assert!(table.0.starts_with("      name               word word"));
        assert!(table.0.lines().nth(1).unwrap().starts_with("                         word word"));
    }

    #[test]
    fn a_decision_has_its_reason() {
        let refused = Err(io::Error::from_raw_os_error(libc::EPERM));
        let unclear = || Err(StartError::BadOption("SEASTAR_URING_WITHOUT has a slip".to_owned()));
        let epoll = Options::new().reactor_backend("epoll");
        assert_eq!(decision(&epoll, unclear()).unwrap(), "epoll, which the program asks for");
        let auto = Options::new().reactor_backend("auto");
        assert_eq!(decision(&auto, Ok(&Ok(Features::ALL))).unwrap(), "io_uring");
        let text = decision(&auto, Ok(&refused)).unwrap();
        assert!(text.starts_with("epoll, because io_uring is refused: Operation not permitted"), "{text}");
        let must = Options::new().reactor_backend("io_uring");
        let text = decision(&must, Ok(&refused)).unwrap();
        assert!(text.starts_with("none: the program asks for io_uring, and "), "{text}");
        assert!(decision(&must, unclear()).is_err());
    }

    #[test]
    fn features_that_are_missing_say_where_they_came_from() {
        let kernel = Kernel { release: None, io_uring_disabled: Some(0), is_filtered: true };
        let (unwanted, kept) = (Features::parse("ring_fd").unwrap(), Features::parse("multishot").unwrap());
        let mut table = Table(String::new());
        table.io_uring(&kernel, &Ok(kept), Some(&unwanted));
        let line =
            |name: &str| table.0.lines().find(|line| line.trim().starts_with(name)).unwrap().to_owned();
        assert!(line("multishot").ends_with("yes"));
        assert!(line("ring_fd").ends_with("no, SEASTAR_URING_WITHOUT says so"));
        assert!(line("defer_taskrun").ends_with("no, or refused; it came with Linux 6.1"));
        assert!(line("seccomp").ends_with("there is one, which may forbid io_uring"));
    }
}
