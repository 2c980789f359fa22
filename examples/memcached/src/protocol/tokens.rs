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
        let end = memchr::memchr(b' ', word).unwrap_or(word.len());
        let (word, rest) = word.split_at(end);
        self.rest = rest;
        Some(word)
    }
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
}
