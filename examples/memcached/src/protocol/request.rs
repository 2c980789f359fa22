//! What is asked of the owner of one key.

use super::meta::MetaOptions;

/// Keys are at most this long, also those that came in base64.
pub const KEY_BYTES_MAX: usize = 250;

// ANCHOR: request
/// One operation on one key. Its bytes lie in what was received.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What to do.
    pub op: Op,
    /// From 1 to [`KEY_BYTES_MAX`] bytes.
    pub key: &'a [u8],
    /// What to store.
    pub value: &'a [u8],
    /// The flags of a meta command as they were sent: answers repeat some of them, in their order.
    pub flags: &'a [u8],
}
// ANCHOR_END: request

/// What to do with a key. It is plain data and can go to another shard. `quiet` stands for `noreply`; expiry times are
/// as the client says them.
#[allow(missing_docs)] // Named after the commands of memcached's protocol.txt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Get {
        with_cas: bool,
    },
    GetAndTouch {
        with_cas: bool,
        exptime: i64,
    },
    Store {
        mode: StoreMode,
        client_flags: u32,
        exptime: i64,
        compare: Option<u64>,
        quiet: bool,
    },
    Delete {
        quiet: bool,
    },
    Arithmetic {
        delta: u64,
        decrement: bool,
        quiet: bool,
    },
    Touch {
        exptime: i64,
        quiet: bool,
    },
    MetaGet(MetaOptions),
    MetaSet(MetaOptions, StoreMode),
    MetaDelete(MetaOptions),
    MetaArithmetic(MetaOptions, bool),
    MetaDebug {
        binary_key: bool,
    },
    /// The value was too large to be read at all, and what a set would have replaced must not stay.
    TooLarge {
        quiet: bool,
        is_set: bool,
    },
}

/// When a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreMode {
    /// Always.
    Set,
    /// Where there is nothing.
    Add,
    /// Where there is something.
    Replace,
    /// Behind what there is.
    Append,
    /// Before what there is.
    Prepend,
    /// Behind what there is, or where there is nothing.
    AppendOrSet,
    /// Before what there is, or where there is nothing.
    PrependOrSet,
    /// Only over the version that the client has seen.
    Cas,
}
