//! What `max_size` says when a future is larger, and `max_message` when a call or its result is.
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
#[track_caller]
pub const fn check(size: usize, max: usize) {
    if size > max {
        let mut text = Text::new();
        text.add(b"this task's future takes ");
        text.add_number(size);
        text.add(b" bytes, more than its `max_size` of ");
        text.add_number(max);
        text.panic();
    }
}

/// Fails to compile if the arguments of a call up to this one, whose types are in the tuple `T`, are larger than `max`.
#[track_caller]
pub const fn check_message<T>(argument: &str, method: &str, max: usize) {
    if size_of::<T>() > max {
        let mut text = Text::new();
        text.add(b"with `");
        text.add(argument.as_bytes());
        text.add(b"`, a call of `");
        text.add(method.as_bytes());
        text.add(b"` takes ");
        text.add_excess(size_of::<T>(), max);
        text.add(b"; take a `Box` of it");
        text.panic();
    }
}

/// Fails to compile if the result of a call is larger than `max`.
#[track_caller]
pub const fn check_answer<T>(method: &str, max: usize) {
    if size_of::<T>() > max {
        let mut text = Text::new();
        text.add(b"the result of `");
        text.add(method.as_bytes());
        text.add(b"` takes ");
        text.add_excess(size_of::<T>(), max);
        text.add(b"; return a `Box` of it");
        text.panic();
    }
}

struct Text {
    bytes: [u8; TEXT_LEN_MAX],
    len: usize,
}

/// Enough for all of ours with two names of usual length; what is longer is cut.
const TEXT_LEN_MAX: usize = 512;

impl Text {
    const fn new() -> Text {
        Text { bytes: [0; TEXT_LEN_MAX], len: 0 }
    }

    #[track_caller]
    const fn panic(&self) -> ! {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("something here is larger than it may be"),
        }
    }

    const fn add_excess(&mut self, size: usize, max: usize) {
        self.add_number(size);
        self.add(b" bytes along, more than the `max_message` of its service, which is ");
        self.add_number(max);
    }

    const fn add(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() && self.len < TEXT_LEN_MAX {
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
    #[should_panic(
        expected = "with `item`, a call of `set` takes 9 bytes along, more than the `max_message` of its service, which is 8; take a `Box` of it"
    )]
    fn a_message_that_is_too_large_names_the_argument() {
        check_message::<[u8; 8]>("key", "set", 8);
        check_message::<[u8; 9]>("item", "set", 8);
    }

    #[test]
    #[should_panic(expected = "the result of `get` takes 9 bytes along")]
    fn a_result_that_is_too_large_names_the_method() {
        check_answer::<[u8; 9]>("get", 8);
    }

    #[test]
    #[should_panic(expected = "with `xxxx")]
    fn long_names_are_cut() {
        check_message::<[u8; 9]>(&"x".repeat(2 * TEXT_LEN_MAX), "set", 8);
    }

    #[test]
    #[should_panic(expected = "this task's future takes 8216 bytes, more than its `max_size` of 4096")]
    fn the_text_names_both_sizes() {
        check(8216, 4096);
    }
}
