//! Shards and the calls between them.
//!
//! A call is a parcel: a block of the caller's arena that holds the closure, then the future it makes on
//! the other shard, then the result. It travels there and back by pointer.

mod alien;
mod broadcast;
mod dock;
mod fan;
mod foreign;
mod mesh;
mod message;
mod parcel;
mod ring;
mod submit;

pub use alien::{Alien, AlienCall, AlienError, alien};
pub use broadcast::{InvokeOnAll, Merge, invoke_on_all};
pub(crate) use fan::{Fan, Targets};
pub use foreign::ForeignPtr;
pub(crate) use mesh::{Mesh, Neighbour, Seat, assert_exists, current_shard, outstanding, seats};
pub use mesh::{shard_count, this_shard};
pub use message::Message;
pub use parcel::CALL_SIZE_MAX;
pub(crate) use submit::{CallFailure, submit_at};
pub use submit::{SubmitTo, submit_to};
