//! Amounts of memory as people write them: `512M`, `2G`.

const UNITS: [(char, u32); 4] = [('T', 40), ('G', 30), ('M', 20), ('k', 10)];

/// Bytes that `text` stands for: an integer, then `k` (or `K`), `M`, `G` or `T` in powers of 1024, then
/// optionally `i`, `iB` or `B`.
pub(crate) fn parse_memory(text: &str) -> Result<u64, String> {
    parse_memory_in(1, text)
}

/// The same, where an integer without a unit counts in `unit` bytes unless it is as large as that itself.
pub(crate) fn parse_memory_in(unit_bytes: u64, text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = &text[digits.len()..];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{text}` is no amount of memory; write an integer and a unit, such as `512M`"));
    }
    let shift = shift(unit).ok_or_else(|| {
        format!("`{unit}` in `{text}` is no unit of memory; write k, M, G or T, or nothing for bytes")
    })?;
    let factor = |number: u64| if unit.is_empty() && number < unit_bytes { unit_bytes } else { 1 << shift };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor(number)));
    bytes.ok_or_else(|| format!("`{text}` is more memory than 64 bits can count"))
}

/// The largest unit in which `bytes` is an integer, so that [`parse_memory`] reads the same number.
pub(crate) fn format_memory(bytes: u64) -> String {
    let fits = |&(_, shift): &(char, u32)| bytes != 0 && bytes.is_multiple_of(1 << shift);
    match UNITS.into_iter().find(fits) {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

fn shift(unit: &str) -> Option<u32> {
    let mut letters = unit.chars();
    let first = match letters.next() {
        None => return Some(0),
        Some('B') => return letters.next().is_none().then_some(0),
        Some('K') => 'k',
        Some(letter) => letter,
    };
    let (_, shift) = UNITS.into_iter().find(|(letter, _)| *letter == first)?;
    matches!(letters.as_str(), "" | "i" | "iB" | "B").then_some(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        let cases = [("0", 0), ("7B", 7), ("1k", 1 << 10), ("1K", 1 << 10), ("3M", 3 << 20), ("1G", 1 << 30)];
        for (text, bytes) in cases {
            assert_eq!(parse_memory(text), Ok(bytes), "{text}");
        }
        for text in ["2T", "2Ti", "2TiB", "2TB"] {
            assert_eq!(parse_memory(text), Ok(2 << 40), "{text}");
        }
    }

    #[test]
    fn an_integer_alone_may_count_in_another_unit() {
        for (text, bytes) in [
            ("64", 64 << 20),
            ("0", 0),
            ("1048575", 1_048_575 << 20),
            ("1048576", 1 << 20),
            ("64k", 64 << 10),
            ("64B", 64),
        ] {
            assert_eq!(parse_memory_in(1 << 20, text), Ok(bytes), "{text}");
        }
        assert_eq!(parse_memory("64"), Ok(64));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for text in ["", "G", "-1G", "+1", "1.5G", "1 2", "x1"] {
            assert!(parse_memory(text).unwrap_err().starts_with(&format!("`{text}` is no amount")), "{text}");
        }
        for (text, unit) in
            [("1g", "g"), ("1 G", " G"), ("1Gib", "Gib"), ("1i", "i"), ("1iB", "iB"), ("1GBi", "GBi")]
        {
            assert!(
                parse_memory(text).unwrap_err().starts_with(&format!("`{unit}` in `{text}` is no unit")),
                "{text}"
            );
        }
        for text in ["16777216T", "18446744073709551616"] {
            assert!(parse_memory(text).unwrap_err().contains("64 bits"), "{text}");
        }
        assert_eq!(parse_memory("18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn what_is_written_is_read() {
        for (bytes, text) in
            [(0, "0"), (1000, "1000"), (1536 << 20, "1536M"), (1 << 30, "1G"), (3 << 40, "3T")]
        {
            assert_eq!(format_memory(bytes), text);
            assert_eq!(parse_memory(text), Ok(bytes));
        }
    }
}
