//! Answers, as bytes.

use crate::protocol::number::push;
use crate::store::Item;

/// Appends `text` as a line, unless the client wants no answer.
#[inline]
pub(super) fn push_line(answer: &mut Vec<u8>, quiet: bool, text: &str) {
    if !quiet {
        answer.extend_from_slice(text.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
}

/// Appends `VALUE key flags bytes [cas]` and the value.
#[inline]
pub(super) fn push_value(answer: &mut Vec<u8>, key: &[u8], item: &Item<'_>, with_cas: bool) {
    // The words and numbers of the line take at most 60 bytes.
    answer.reserve(key.len() + item.value_bytes() + 64);
    answer.extend_from_slice(b"VALUE ");
    answer.extend_from_slice(key);
    match (item.client_flags(), item.value_bytes()) {
        // Small ones, most of the time, in one step.
        (flags @ 0..10, bytes @ 10..100) => {
            let digit = |number: usize| b'0' + number as u8;
            answer.extend_from_slice(&[
                b' ',
                digit(flags as usize),
                b' ',
                digit(bytes / 10),
                digit(bytes % 10),
            ]);
        }
        (flags, bytes) => {
            answer.push(b' ');
            push(answer, flags.into());
            answer.push(b' ');
            push(answer, bytes as u64);
        }
    }
    if with_cas {
        answer.push(b' ');
        push(answer, item.cas());
    }
    answer.extend_from_slice(b"\r\n");
    push_bytes(answer, item);
    answer.extend_from_slice(b"\r\n");
}

/// Appends the value itself.
#[inline]
pub(super) fn push_bytes(answer: &mut Vec<u8>, item: &Item<'_>) {
    match item.value() {
        Some(value) => answer.extend_from_slice(value),
        None => item.parts().for_each(|part| answer.extend_from_slice(part)),
    }
}
