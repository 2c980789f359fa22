//! TCP, served from every shard.

mod accept;
mod address;
mod buffer;
mod connect;
mod connection;
mod input;
mod listener;
mod options;
mod output;
mod place;
mod receive;
mod serve;
mod stream;
mod transmit;

pub use address::ToAddress;
pub use buffer::TemporaryBuffer;
pub use connect::connect;
pub use input::InputStream;
pub use listener::{TcpListener, listen, listen_with};
pub use options::{Distribution, ListenOptions};
pub use output::OutputStream;
pub use stream::{TcpControl, TcpStream};
