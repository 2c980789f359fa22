//! Where items live: memory, eviction, expiry.
