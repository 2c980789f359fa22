//! Keys that travel in base64, because they may hold any bytes.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::request::KEY_BYTES_MAX;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Room for a decoded key.
#[derive(Debug)]
pub struct KeyRoom([u8; KEY_BYTES_MAX]);

impl KeyRoom {
    /// Empty room.
    pub const fn new() -> KeyRoom {
        KeyRoom([0; KEY_BYTES_MAX])
    }

    /// The bytes that `text` stands for; `None` if it is no base64, or of nothing.
    pub fn decode<'a>(&'a mut self, text: &[u8]) -> Option<&'a [u8]> {
        match BASE64.decode_slice(text, &mut self.0) {
            Ok(len @ 1..) => Some(&self.0[..len]),
            _ => None,
        }
    }
}

impl Default for KeyRoom {
    fn default() -> KeyRoom {
        KeyRoom::new()
    }
}

/// Appends `key` in base64.
pub fn push_encoded(text: &mut Vec<u8>, key: &[u8]) {
    let start = text.len();
    text.resize(start + KEY_BYTES_MAX.div_ceil(3) * 4, 0);
    let len = BASE64.encode_slice(key, &mut text[start..]).expect("a key fits");
    text.truncate(start + len);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_way_there_and_back() {
        let key: Vec<u8> = (0..=186).collect();
        let mut text = Vec::new();
        push_encoded(&mut text, &key);
        assert_eq!(text.len(), 252);
        assert_eq!(KeyRoom::new().decode(&text), Some(&key[..]));
        assert_eq!(KeyRoom::new().decode(b"dGVzdA=="), Some(&b"test"[..]));
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for wrong in [&b""[..], b"dGVzdA", b"dGVzdA=", b"====", b"a\tb=", b"dGVz\x80A=="] {
            assert_eq!(KeyRoom::new().decode(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
