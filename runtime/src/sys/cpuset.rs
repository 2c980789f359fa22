//! Sets of CPU numbers, and the affinity mask of a thread.
//!
//! A mask has any number of CPUs: the fixed 1,024 of libc's `cpu_set_t` is too few for large
//! machines, so the kernel is asked again with a larger mask until the answer fits.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::str::FromStr;

/// CPU numbers are below this; the kernel's own limit (NR_CPUS) is 8,192 today.
const CPU_MAX: usize = 1 << 16;

const WORD_BITS: usize = libc::c_ulong::BITS as usize;

/// A set of CPU numbers, written `0,1-3,7`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuSet(BTreeSet<usize>);

impl CpuSet {
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn contains(&self, cpu: usize) -> bool {
        self.0.contains(&cpu)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<usize> for CpuSet {
    fn from_iter<I: IntoIterator<Item = usize>>(cpus: I) -> Self {
        CpuSet(cpus.into_iter().collect())
    }
}

impl FromStr for CpuSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut cpus = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (cpu_number(first, text)?, cpu_number(last, text)?);
            if first > last {
                return Err(format!("`{part}` runs backwards; write `{last}-{first}`"));
            }
            cpus.extend(first..=last);
        }
        Ok(CpuSet(cpus))
    }
}

fn cpu_number(digits: &str, text: &str) -> Result<usize, String> {
    // `parse` alone would let a plus sign through.
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match number {
        Some(cpu) if cpu < CPU_MAX => Ok(cpu),
        Some(cpu) => Err(format!("CPU {cpu} in `{text}` is too large; CPUs are numbered below {CPU_MAX}")),
        None => Err(format!("`{digits}` in `{text}` is no CPU number; write a list such as `0,1-3,7`")),
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cpus = self.iter().peekable();
        let mut comma = "";
        while let Some(first) = cpus.next() {
            let mut last = first;
            while let Some(next) = cpus.next_if_eq(&(last + 1)) {
                last = next;
            }
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

/// The CPUs on which the calling thread may run.
pub(crate) fn affinity() -> io::Result<CpuSet> {
    let mut words: Vec<libc::c_ulong> = vec![0; 1024 / WORD_BITS];
    loop {
        let bytes = size_of_val(words.as_slice());
        // SAFETY: the kernel writes at most `bytes` bytes, which `words` owns; 0 is this thread.
        let rc = unsafe { libc::sched_getaffinity(0, bytes, words.as_mut_ptr().cast()) };
        if rc == 0 {
            return Ok(members(&words));
        }
        let error = io::Error::last_os_error();
        // EINVAL says that the machine has more CPUs than the mask has bits.
        if error.raw_os_error() != Some(libc::EINVAL) || words.len() * WORD_BITS >= CPU_MAX {
            return Err(error);
        }
        words.resize(words.len() * 2, 0);
    }
}

/// Lets the calling thread run on `cpus` and nowhere else; with the answer of an earlier
/// [`affinity`] this undoes what happened since.
pub(crate) fn set_affinity(cpus: &CpuSet) -> io::Result<()> {
    let words = mask(cpus);
    let bytes = size_of_val(words.as_slice());
    // SAFETY: the kernel reads `bytes` bytes, which `words` owns; 0 is this thread.
    match unsafe { libc::sched_setaffinity(0, bytes, words.as_ptr().cast()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Binds the calling thread to one CPU. A thread inherits its creator's mask, so whoever pins itself
/// and starts threads later should save [`affinity`] first.
pub(crate) fn pin_current_thread(cpu: usize) -> io::Result<()> {
    set_affinity(&CpuSet::from_iter([cpu]))
}

fn members(words: &[libc::c_ulong]) -> CpuSet {
    (0..words.len() * WORD_BITS).filter(|cpu| words[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1 == 1).collect()
}

fn mask(cpus: &CpuSet) -> Vec<libc::c_ulong> {
    let bits = cpus.0.last().map_or(1, |last| last + 1);
    let mut words = vec![0; bits.div_ceil(WORD_BITS)];
    for cpu in cpus.iter() {
        words[cpu / WORD_BITS] |= 1 << (cpu % WORD_BITS);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> CpuSet {
        text.parse().unwrap()
    }

    #[test]
    fn lists_are_read_and_written() {
        assert_eq!(set("7,0,1-3,2").iter().collect::<Vec<_>>(), [0, 1, 2, 3, 7]);
        assert_eq!(set("7,0,1-3,2").to_string(), "0-3,7");
        assert_eq!(set("5").to_string(), "5");
        assert_eq!(CpuSet::default().to_string(), "");
    }

    #[test]
    fn bad_lists_are_named() {
        for text in ["", "a", "1,", "1-", "-1", "+1", "1-2-3", "1 ,2", "99999999999999999999"] {
            let error = text.parse::<CpuSet>().unwrap_err();
            assert!(error.contains(&format!("in `{text}` is no CPU number")), "{text}: {error}");
        }
        assert_eq!("3-1".parse::<CpuSet>().unwrap_err(), "`3-1` runs backwards; write `1-3`");
        assert!("0-4000000000".parse::<CpuSet>().unwrap_err().contains("too large"));
    }

    #[test]
    fn masks_hold_more_cpus_than_libc() {
        let cpus = set("0,63,64,5000");
        assert_eq!(members(&mask(&cpus)), cpus);
        assert_eq!(mask(&CpuSet::default()), [0]);
    }

    #[test]
    fn a_thread_is_pinned_and_freed_again() {
        // On a thread of its own: the mask belongs to the thread.
        std::thread::spawn(|| {
            let before = affinity().unwrap();
            let last = before.iter().last().unwrap();
            pin_current_thread(last).unwrap();
            assert_eq!(affinity().unwrap(), CpuSet::from_iter([last]));
            set_affinity(&before).unwrap();
            assert_eq!(affinity().unwrap(), before);
        })
        .join()
        .unwrap();
        assert!(pin_current_thread(CPU_MAX - 1).is_err());
        assert!(set_affinity(&CpuSet::default()).is_err());
    }
}
