//! Numbers as memcached reads and writes them: decimal, without a sign unless one is allowed.

/// An unsigned number of one to twenty digits that fits 64 bits; nothing else.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(digit.into()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_that_fit_are_a_number() {
        assert_eq!(parse_u64(b"0"), Some(0));
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b""[..], b"18446744073709551616", b"-1", b"1x", b" 1", b"000000000000000000001"] {
            assert_eq!(parse_u64(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
