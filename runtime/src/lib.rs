//! Shard-per-core servers on io_uring.
