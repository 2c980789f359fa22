//! The words of a line. Blanks alone separate them, any number of blanks.

/// The words of a line, one by one.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// The words of `text`, which has no line end.
    #[inline]
    pub fn new(text: &'a [u8]) -> Tokens<'a> {
        Tokens { rest: text }
    }

    /// Whether there is no word left.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.rest.iter().all(|&byte| byte == b' ')
    }

    /// What follows the last word that was taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|&byte| byte != b' ')?;
        let word = &self.rest[start..];
        let end = word_bytes(word);
        let (word, rest) = word.split_at(end);
        self.rest = rest;
        Some(word)
    }
}

/// Length of the word that `text` begins with: eight bytes at a time, because most words are too short for vectors to pay.
#[inline]
pub fn word_bytes(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    let (chunks, rest) = text.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        // Zero bytes are blanks. The lowest that is found is one; a higher one may be none, because of a borrow.
        let bytes = u64::from_le_bytes(*chunk) ^ (ONES * b' ' as u64);
        let found = bytes.wrapping_sub(ONES) & !bytes & (ONES << 7);
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    text.len() - rest.len() + rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_of_any_number_separate_words_and_nothing_else_does() {
        let words: Vec<_> = Tokens::new(b"  get a\tb  c ").collect();
        assert_eq!(words, [&b"get"[..], b"a\tb", b"c"]);
        assert_eq!(Tokens::new(b"   ").next(), None);
        assert_eq!(Tokens::new(b"").next(), None);
    }

    #[test]
    fn a_word_ends_at_the_first_blank_wherever_that_is() {
        for length in 0..40 {
            for before in [b'!', b'\x1f', 0, 0xa0, 0xff] {
                let mut text = vec![before; length];
                assert_eq!(word_bytes(&text), length);
                text.extend(b" x y ");
                assert_eq!(word_bytes(&text), length);
            }
        }
    }
}
