//! How programs end: signals, exit codes, refusals. Ids are those of the project's semantics: APP and SIG.

mod codes;
mod daemons;
mod program;
mod refused;
mod signals;
