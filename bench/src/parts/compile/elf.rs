//! The size of a program's code.

use std::path::Path;
use std::{fs, io};

/// Where a 64-bit ELF file says where its section headers are, how large each is, how many there are, and which has the names.
const HEADERS: usize = 0x28;
const HEADER_SIZE: usize = 0x3a;
const HEADER_COUNT: usize = 0x3c;
const NAMES: usize = 0x3e;
/// Within a section header.
const NAME: usize = 0;
const OFFSET: usize = 0x18;
const SIZE: usize = 0x20;

/// Bytes of the section `.text`.
pub fn text_bytes(program: &Path) -> io::Result<u64> {
    let file = fs::read(program)?;
    find(&file).ok_or_else(|| io::Error::other(format!("{} has no section .text", program.display())))
}

fn find(file: &[u8]) -> Option<u64> {
    let number = |at: usize, bytes: usize| {
        let field = file.get(at..at.checked_add(bytes)?)?;
        Some(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let header = |index: u64| {
        let start = number(HEADERS, 8)? + number(HEADER_SIZE, 2)? * index;
        usize::try_from(start).ok()
    };
    let names = number(header(number(NAMES, 2)?)? + OFFSET, 8)?;
    (0..number(HEADER_COUNT, 2)?).filter_map(header).find_map(|section| {
        let name = usize::try_from(names + number(section + NAME, 4)?).ok()?;
        file.get(name..)?.starts_with(b".text\0").then_some(())?;
        number(section + SIZE, 8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_has_code() {
        assert!(text_bytes(&std::env::current_exe().unwrap()).unwrap() > 1000);
        assert_eq!(find(b"no program"), None);
    }
}
