//! Numbers as memcached reads and writes them.

/// Longer than this is no number, however many zeros it begins with.
const U64_DIGITS_MAX: usize = 22;
const I32_DIGITS_MAX: usize = 11;

/// Digits that make a number of 64 bits.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > U64_DIGITS_MAX {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(digit.into()) }
    })
}

/// Digits that make a number of 32 bits.
pub fn parse_u32(text: &[u8]) -> Option<u32> {
    if text.len() > I32_DIGITS_MAX { None } else { parse_u64(text)?.try_into().ok() }
}

/// Digits, perhaps behind a minus, that make a number of 32 bits.
pub fn parse_i32(text: &[u8]) -> Option<i32> {
    if text.len() > I32_DIGITS_MAX { None } else { parse_i64(text)?.try_into().ok() }
}

/// Digits, perhaps behind a minus, that make a number of 64 bits.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => 0i64.checked_sub_unsigned(parse_u64(digits)?),
        None => parse_u64(text)?.try_into().ok(),
    }
}

/// Appends `number` in decimal.
#[inline]
pub fn push(text: &mut Vec<u8>, number: u64) {
    // Most flags and lengths are that short.
    match number {
        0..10 => text.push(b'0' + number as u8),
        10..100 => text.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]),
        _ => text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_that_fit_are_a_number() {
        assert_eq!(parse_u64(b"0"), Some(0));
        assert_eq!(parse_u64(b"0012"), Some(12));
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b""[..], b"18446744073709551616", b"-1", b"+1", b"1x", b" 1", &[b'0'; 23]] {
            assert_eq!(parse_u64(wrong), None, "{}", wrong.escape_ascii());
        }
        assert_eq!(parse_u32(b"4294967295"), Some(u32::MAX));
        assert_eq!(parse_u32(b"4294967296"), None);
    }

    #[test]
    fn a_minus_makes_it_negative() {
        assert_eq!(parse_i32(b"-2147483648"), Some(i32::MIN));
        assert_eq!(parse_i32(b"2147483647"), Some(i32::MAX));
        assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
        for wrong in [&b"-"[..], b"--1", b"2147483648", b"1-", b"-2147483649"] {
            assert_eq!(parse_i32(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn numbers_are_written_as_everybody_writes_them() {
        for number in (0..300).chain([1_000_000, u64::MAX]) {
            let mut text = Vec::new();
            push(&mut text, number);
            assert_eq!(text, number.to_string().into_bytes());
        }
    }
}
