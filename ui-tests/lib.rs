//! The tests are in `tests/ui.rs`, the programs in `fail/` and `pass/`.
