//! What rustls does with records that came and bytes that go. Knows nothing of streams.
//!
//! Records are decrypted where they lie: in the receive buffer if one holds them whole, or else in a block of the arena in which
//! their parts are put together.

use std::collections::VecDeque;
use std::io;

use rustls::CommonState;
use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};

use super::failure::failed;
use crate::reactor::{Filling, View};

/// The most bytes that go into one record. What it becomes still fits a block of 16 KiB.
pub(super) const RECORD_MAX: usize = Filling::capacity_of(16 << 10) - OVERHEAD_MAX;
/// The most bytes that the protocol has in one record (RFC 8446, 5.1).
pub(super) const FRAGMENT_MAX: usize = 1 << 14;
/// The most bytes of one write that are encrypted at once.
const BULK_MAX: usize = 4 * FRAGMENT_MAX;
/// What a record has more than the bytes in it, and a message or two of the protocol before it.
const OVERHEAD_MAX: usize = 256;
/// The most that is put together for one message of a handshake, which may be longer than a record.
const INCOMING_MAX: usize = 256 << 10;
/// Bytes of a record before what tells its length, and with that.
const LENGTH_AT: usize = 3;
const HEADER: usize = 5;

pub(super) enum Side {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

impl Side {
    /// Deals with the next state of the session.
    fn process(
        &mut self,
        records: &mut [u8],
        plain: &mut VecDeque<View>,
        outgoing: &mut Option<Filling>,
        job: Job<'_>,
    ) -> (usize, Result<io::Result<Step>, rustls::Error>) {
        match self {
            Side::Client(client) => handle(client.process_tls_records(records), plain, outgoing, job),
            Side::Server(server) => handle(server.process_tls_records(records), plain, outgoing, job),
        }
    }
}

pub(super) struct Engine {
    side: Side,
    /// Records that came, or the beginning of one.
    incoming: Option<Filling>,
    /// What was in them.
    plain: VecDeque<View>,
    /// Records to be sent.
    outgoing: Option<Filling>,
    /// The peer has said that no more comes.
    is_ended: bool,
    failure: Option<rustls::Error>,
}

/// How far a session is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing can be done before more has come.
    Blocked,
    /// There are bytes to be read.
    Plain,
    /// Bytes can be sent, and were.
    Open,
    /// Both sides have said that no more comes.
    Closed,
}

/// What to do as soon as bytes can be sent.
#[derive(Clone, Copy)]
enum Job<'a> {
    Nothing,
    Encrypt(&'a [u8]),
    Close,
}

/// One state of rustls, dealt with.
enum Step {
    Again,
    PeerClosed,
    Is(Progress),
}

impl Engine {
    pub(super) fn new(side: Side) -> Engine {
        Engine {
            side,
            incoming: None,
            plain: VecDeque::new(),
            outgoing: None,
            is_ended: false,
            failure: None,
        }
    }

    pub(super) fn state(&self) -> &CommonState {
        match &self.side {
            Side::Client(client) => client,
            Side::Server(server) => server,
        }
    }

    /// The next bytes of the peer.
    pub(super) fn take_plain(&mut self) -> Option<View> {
        self.plain.pop_front()
    }

    /// What was not wanted yet.
    pub(super) fn put_back(&mut self, view: View) {
        if !view.is_empty() {
            self.plain.push_front(view);
        }
    }

    /// Records to be sent.
    pub(super) fn take_outgoing(&mut self) -> Option<View> {
        self.outgoing.take().map(Filling::into_view)
    }

    pub(super) fn has_outgoing(&self) -> bool {
        self.outgoing.is_some()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The failure that has ended the session.
    pub(super) fn check(&self) -> io::Result<()> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(failed(failure.clone())))
    }

    /// Takes what came from the peer.
    pub(super) fn receive(&mut self, view: View) -> io::Result<()> {
        let Some(mut incoming) = self.incoming.take() else {
            self.incoming = Some(Filling::whole(view));
            return Ok(());
        };
        if incoming.room() < view.len() {
            let len = incoming.len() + view.len();
            let wider = (len <= INCOMING_MAX).then(|| incoming.wider(len.max(record_len(incoming.bytes()))));
            let Some(wider) = wider.flatten() else {
                let why =
                    if len > INCOMING_MAX { "a message without an end" } else { "no memory for a record" };
                return Err(self.fail(rustls::Error::General(why.into())));
            };
            incoming = wider;
        }
        incoming.push(&view);
        self.incoming = Some(incoming);
        Ok(())
    }

    /// Goes on until there are bytes to be read, or more has to come.
    pub(super) fn advance_to_plain(&mut self) -> io::Result<Progress> {
        self.advance(Job::Nothing, true)
    }

    /// Goes on until the session stands, or more has to come.
    pub(super) fn shake_hands(&mut self) -> io::Result<Progress> {
        match self.advance(Job::Nothing, false)? {
            // A server may send before it knows whether the client is content.
            Progress::Open if self.state().is_handshaking() => Ok(Progress::Blocked),
            progress => Ok(progress),
        }
    }

    /// Makes records of the first bytes of `bytes`, of which there are at least [`RECORD_MAX`], and says of how many.
    pub(super) fn encrypt_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let whole = match bytes.len() - bytes.len() % FRAGMENT_MAX {
            0 => bytes.len(),
            whole => whole.min(BULK_MAX),
        };
        let mut len = RECORD_MAX;
        if self.outgoing.is_none()
            && let Some(room) = Filling::spare(whole + OVERHEAD_MAX)
        {
            self.outgoing = Some(room);
            len = whole;
        }
        self.encrypt(&bytes[..len])?;
        Ok(len)
    }

    /// Makes a record of `bytes`, of which there are at most [`RECORD_MAX`].
    pub(super) fn encrypt(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.advance(Job::Encrypt(bytes), false)? {
            Progress::Open => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Says that no more comes.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.advance(Job::Close, false).map(drop)
    }

    /// All of what came is looked at each time, because rustls remembers where in it a message begins.
    fn advance(&mut self, job: Job<'_>, stops_at_plain: bool) -> io::Result<Progress> {
        self.check()?;
        loop {
            match self.step(job)? {
                Step::Again => {}
                Step::PeerClosed => self.is_ended = true,
                Step::Is(Progress::Plain) if !stops_at_plain => {}
                Step::Is(progress) => return Ok(progress),
            }
        }
    }

    fn step(&mut self, job: Job<'_>) -> io::Result<Step> {
        let Engine { side, incoming, plain, outgoing, .. } = self;
        let records = in_place(incoming)?;
        let (discard, state) = side.process(records, plain, outgoing, job);
        if let Some(records) = incoming {
            records.trim_front(discard);
            if records.len() == 0 {
                *incoming = None;
            }
        }
        match state {
            Ok(step) => step,
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Ends the session, and has the peer told why.
    #[cold]
    fn fail(&mut self, failure: rustls::Error) -> io::Error {
        self.failure = Some(failure.clone());
        // rustls must not see what came again, but an alert waits to be encoded, perhaps behind other records.
        while self.state().wants_write() {
            let Engine { side, plain, outgoing, .. } = self;
            let (_, state) = side.process(&mut [], plain, outgoing, Job::Nothing);
            if !matches!(state, Ok(Ok(_))) {
                break;
            }
        }
        self.incoming = None;
        failed(failure)
    }
}

/// What came, to be decrypted in place.
fn in_place(incoming: &mut Option<Filling>) -> io::Result<&mut [u8]> {
    let Some(records) = incoming else { return Ok(&mut []) };
    if records.bytes_mut().is_none() {
        // Others see it, too.
        let mut own = Filling::new(records.len()).ok_or(io::ErrorKind::OutOfMemory)?;
        own.push(records.bytes());
        *records = own;
    }
    Ok(records.bytes_mut().unwrap_or_default())
}

/// Deals with one state. What the first part says is to be dropped from the front of what came.
fn handle<D>(
    status: UnbufferedStatus<'_, '_, D>,
    plain: &mut VecDeque<View>,
    outgoing: &mut Option<Filling>,
    job: Job<'_>,
) -> (usize, Result<io::Result<Step>, rustls::Error>) {
    let UnbufferedStatus { mut discard, state } = status;
    let step = match state {
        Err(error) => return (discard, Err(error)),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
            let Some(len) = traffic.peek_len() else { break Ok(Step::Is(Progress::Plain)) };
            // First, because a record that was taken would be lost without.
            let Some(mut filling) = Filling::new(len.get()) else {
                break Err(io::ErrorKind::OutOfMemory.into());
            };
            match traffic.next_record() {
                Some(Ok(record)) => {
                    discard += record.discard;
                    filling.push(record.payload);
                    plain.push_back(filling.into_view());
                }
                Some(Err(error)) => return (discard, Err(error)),
                None => break Ok(Step::Is(Progress::Plain)),
            }
        },
        Ok(ConnectionState::EncodeTlsData(mut data)) => put(outgoing, 0, |room| match data.encode(room) {
            Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
            other => other.map_err(|_| None),
        })
        .map(|()| Step::Again),
        Ok(ConnectionState::TransmitTlsData(data)) => {
            // It is sent before anything else is.
            data.done();
            Ok(Step::Again)
        }
        Ok(ConnectionState::WriteTraffic(traffic)) => {
            write(traffic, outgoing, job).map(|()| Step::Is(Progress::Open))
        }
        Ok(ConnectionState::PeerClosed) => Ok(Step::PeerClosed),
        Ok(ConnectionState::Closed) => Ok(Step::Is(Progress::Closed)),
        Ok(ConnectionState::BlockedHandshake) => Ok(Step::Is(Progress::Blocked)),
        // Early data, which nothing here asks for and no server accepts.
        Ok(_) => Err(io::ErrorKind::Unsupported.into()),
    };
    (discard, Ok(step))
}

fn write<D>(
    mut traffic: WriteTraffic<'_, D>,
    outgoing: &mut Option<Filling>,
    job: Job<'_>,
) -> io::Result<()> {
    let sized = |written| match written {
        Err(EncryptError::InsufficientSize(size)) => Err(Some(size)),
        other => other.map_err(|_| None),
    };
    match job {
        Job::Nothing => Ok(()),
        Job::Encrypt(bytes) => {
            put(outgoing, bytes.len() + OVERHEAD_MAX, |room| sized(traffic.encrypt(bytes, room)))
        }
        Job::Close => put(outgoing, OVERHEAD_MAX, |room| sized(traffic.queue_close_notify(room))),
    }
}

/// Lets `write` write behind what is to be sent: into `len` bytes, or as many as it asks for.
fn put(
    outgoing: &mut Option<Filling>,
    mut len: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
) -> io::Result<()> {
    loop {
        let filled = outgoing.as_ref().map_or(0, Filling::len);
        if outgoing.as_ref().is_none_or(|outgoing| outgoing.room() < len) {
            let wider =
                outgoing.as_ref().map_or_else(|| Filling::new(len), |before| before.wider(filled + len));
            *outgoing = Some(wider.ok_or(io::ErrorKind::OutOfMemory)?);
        }
        let Some(room) = outgoing else { return Ok(()) };
        match room.append(len, &mut write) {
            Ok(_) => return Ok(()),
            Err(Some(InsufficientSizeError { required_size })) if required_size > len => len = required_size,
            Err(_) => return Err(io::Error::other("TLS: no more bytes can be encrypted in this session")),
        }
    }
}

/// How long the record is that begins with `bytes`, as far as that can be seen.
fn record_len(bytes: &[u8]) -> usize {
    match bytes.get(LENGTH_AT..HEADER) {
        Some(&[high, low]) => HEADER + u16::from_be_bytes([high, low]) as usize,
        _ => 0,
    }
}
