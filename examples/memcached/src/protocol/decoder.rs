//! From the bytes of a connection, however they are cut, to what they ask for.
//!
//! What lies in one piece is read where it lies. The rest of a piece that ends within a command is kept until the
//! command is whole, and nothing else is ever kept.

use super::key::KeyRoom;
use super::line::{Control, Line, read_line};
use super::request::{Op, Request};
use super::tokens::Tokens;

/// A line that is longer is refused by closing.
const LINE_BYTES_MAX: usize = 64 << 10;
/// The same for a `get` of very many keys.
const LINE_BYTES_MAX_GET: usize = 2 << 20;
/// A line that has no end so far and is longer is hardly a command.
const LINE_BYTES_USUAL: usize = 2048;
/// Blanks before a `get` that is meant as one.
const BLANKS_MAX: usize = 100;

/// The first byte of the binary protocol, which is not spoken here.
const BINARY_MAGIC: u8 = 0x80;
const LINE_END: &[u8] = b"\r\n";

/// The reading side of a connection.
#[derive(Debug)]
pub struct Decoder {
    item_bytes_max: usize,
    /// The beginning of a command.
    carry: Vec<u8>,
    /// How long the command is that `carry` begins; 0 while its line has no end.
    needed: usize,
    /// The command in `carry` was whole, and was handed out.
    handed_out: bool,
    /// Bytes of a value that was refused.
    skip: usize,
    room: KeyRoom,
}

/// What comes next.
#[derive(Debug)]
pub enum Step<'a> {
    /// All input was read.
    Done,
    /// One operation on one key.
    One(Request<'a>),
    /// The same operation on each key, and then `END`.
    Keys(Op, Tokens<'a>),
    /// Something that does not concern a key.
    Control(Control<'a>),
    /// A mistake and the answer to it.
    Refused(&'static str),
    /// The client cannot be understood any more.
    Close,
}

impl Decoder {
    /// For items of at most so many bytes.
    pub fn new(item_bytes_max: usize) -> Decoder {
        let (carry, room) = (Vec::new(), KeyRoom::new());
        Decoder { item_bytes_max, carry, needed: 0, handed_out: false, skip: 0, room }
    }

    /// Bytes that are kept until more come.
    pub fn kept_bytes(&self) -> usize {
        if self.handed_out { 0 } else { self.carry.len() }
    }

    /// Whether what is kept is so long without an end that the client should hurry, or is no client of this protocol.
    pub fn is_doubtful(&self) -> bool {
        self.needed == 0 && self.kept_bytes() > LINE_BYTES_USUAL && !is_get(&self.carry)
    }

    /// Swaps the memory for what has to be kept; not while something is kept.
    pub fn swap_buffer(&mut self, buffer: &mut Vec<u8>) {
        debug_assert_eq!(self.kept_bytes(), 0);
        self.carry.clear();
        self.handed_out = false;
        std::mem::swap(&mut self.carry, buffer);
    }

    /// Reads on in `input`, from which it takes what was read.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Step<'a> {
        if self.handed_out {
            self.handed_out = false;
            self.carry.clear();
        }
        if self.skip > 0 {
            self.skip_in(input);
        }
        if input.is_empty() {
            return Step::Done;
        }
        if !self.carry.is_empty() {
            return self.next_carried(input);
        }
        let Some(end) = memchr::memchr(b'\n', input) else {
            return self.keep(input);
        };
        let (line, rest) = input.split_at(end + 1);
        if line[0] == BINARY_MAGIC || !is_allowed(line) {
            return Step::Close;
        }
        match read_line(line, self.item_bytes_max, &mut self.room) {
            Line::WithValue(_, value_bytes) if rest.len() < value_bytes + LINE_END.len() => {
                self.carry.extend_from_slice(input);
                self.needed = line.len() + value_bytes + LINE_END.len();
                *input = b"";
                Step::Done
            }
            Line::WithValue(request, value_bytes) => {
                let (value, rest) = rest.split_at(value_bytes + LINE_END.len());
                *input = rest;
                with_value(request, value)
            }
            read => {
                *input = rest;
                step(read, &mut self.skip)
            }
        }
    }

    fn skip_in(&mut self, input: &mut &[u8]) {
        let skipped = self.skip.min(input.len());
        self.skip -= skipped;
        *input = &input[skipped..];
    }

    /// There is no end of a line in `input`.
    #[cold]
    fn keep<'a>(&mut self, input: &mut &[u8]) -> Step<'a> {
        self.carry.extend_from_slice(std::mem::take(input));
        let closes = self.carry[0] == BINARY_MAGIC || !is_allowed(&self.carry);
        if closes { Step::Close } else { Step::Done }
    }

    /// Goes on with the command that was begun. Never takes more from `input` than belongs to it.
    #[cold]
    fn next_carried(&mut self, input: &mut &[u8]) -> Step<'_> {
        if self.needed == 0 {
            let Some(end) = memchr::memchr(b'\n', input) else { return self.keep(input) };
            let (rest_of_line, rest) = input.split_at(end + 1);
            self.carry.extend_from_slice(rest_of_line);
            *input = rest;
            if !is_allowed(&self.carry) {
                return Step::Close;
            }
            self.needed = self.carry.len();
            if let Line::WithValue(_, bytes) = read_line(&self.carry, self.item_bytes_max, &mut self.room) {
                self.needed += bytes + LINE_END.len();
            }
        }
        let taken = input.len().min(self.needed - self.carry.len());
        let (more, rest) = input.split_at(taken);
        self.carry.extend_from_slice(more);
        *input = rest;
        if self.carry.len() < self.needed {
            return Step::Done;
        }
        self.needed = 0;
        self.handed_out = true;
        let end = memchr::memchr(b'\n', &self.carry).map_or(self.carry.len(), |end| end + 1);
        let (line, value) = self.carry.split_at(end);
        match read_line(line, self.item_bytes_max, &mut self.room) {
            Line::WithValue(request, _) => with_value(request, value),
            read => step(read, &mut self.skip),
        }
    }
}

fn step<'a>(line: Line<'a>, skip: &mut usize) -> Step<'a> {
    match line {
        Line::One(request) | Line::WithValue(request, _) => Step::One(request),
        Line::TooLarge(request, bytes) => {
            *skip = bytes;
            Step::One(request)
        }
        Line::Keys(op, keys) => Step::Keys(op, keys),
        Line::Control(control) => Step::Control(control),
        Line::Refused(answer, bytes) => {
            *skip = bytes;
            answer.map_or(Step::Control(Control::Nothing), Step::Refused)
        }
        Line::Close => Step::Close,
    }
}

/// A value and the line end behind it.
#[inline]
fn with_value<'a>(request: Request<'a>, value: &'a [u8]) -> Step<'a> {
    match value.strip_suffix(LINE_END) {
        Some(value) => Step::One(Request { value, ..request }),
        None => bad_data_chunk(request.op),
    }
}

#[cold]
fn bad_data_chunk<'a>(op: Op) -> Step<'a> {
    match op {
        Op::Store { quiet: true, .. } => Step::Control(Control::Nothing),
        _ => Step::Refused("CLIENT_ERROR bad data chunk"),
    }
}

/// Whether a line may be as long as `line`, which is all of it, or all that has come.
#[inline]
fn is_allowed(line: &[u8]) -> bool {
    line.len() <= LINE_BYTES_MAX || is_allowed_though_long(line)
}

#[cold]
fn is_allowed_though_long(line: &[u8]) -> bool {
    is_get(line) && line.len() <= LINE_BYTES_MAX_GET
}

fn is_get(line: &[u8]) -> bool {
    let blanks = line.iter().take(BLANKS_MAX + 1).take_while(|&&byte| byte == b' ').count();
    let command = &line[blanks..];
    blanks <= BLANKS_MAX && (command.starts_with(b"get ") || command.starts_with(b"gets "))
}
