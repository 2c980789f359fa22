//! What `max_size` says when a future is larger.
//!
//! All of it runs in the compiler: a panic in a constant is an error, and its text is made by hand because
//! nothing formats there.

/// The size of the future that `function` returns.
///
/// The function is only named, so that its future needs no name.
pub const fn future_size<F, A, R>(_function: F) -> usize
where
    F: FnOnce(A) -> R + Copy,
{
    size_of::<R>()
}

/// Fails to compile if `size` is above `max`.
pub const fn check(size: usize, max: usize) {
    if size > max {
        let mut text = Text { bytes: [0; 128], len: 0 };
        text.add(b"this task's future takes ");
        text.add_number(size);
        text.add(b" bytes, more than its `max_size` of ");
        text.add_number(max);
        match core::str::from_utf8(text.bytes.split_at(text.len).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("this task's future is larger than its `max_size`"),
        }
    }
}

struct Text {
    bytes: [u8; 128],
    len: usize,
}

impl Text {
    const fn add(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
    }

    const fn add_number(&mut self, number: usize) {
        if number >= 10 {
            self.add_number(number / 10);
        }
        self.add(&[b'0' + (number % 10) as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn holds(bytes: [u8; 100]) -> u8 {
        std::future::ready(()).await;
        bytes[0]
    }

    #[test]
    fn a_future_has_a_size_before_it_is_made() {
        assert_eq!(const { future_size(holds) }, size_of_val(&holds([0; 100])));
    }

    #[test]
    fn what_is_as_large_as_allowed_is_not_too_large() {
        check(8216, 8216);
    }

    #[test]
    #[should_panic(expected = "this task's future takes 8216 bytes, more than its `max_size` of 4096")]
    fn the_text_names_both_sizes() {
        check(8216, 4096);
    }
}
