//! The programs that the checks have to accept, once more, so that clippy looks at what the macros make of them.
#![allow(dead_code, missing_docs)]
// What the programs do on purpose. That clippy sees a guard after its `drop` is a limit of clippy's.
#![allow(
    clippy::await_holding_lock,
    clippy::await_holding_refcell_ref,
    clippy::diverging_sub_expression,
    clippy::let_and_return,
    clippy::let_underscore_future,
    clippy::manual_async_fn,
    clippy::manual_is_multiple_of,
    clippy::needless_late_init,
    clippy::never_loop,
    clippy::single_match,
    clippy::useless_vec
)]

#[path = "../pass/check/borrows.rs"]
mod borrows;
#[path = "../pass/check/closures_and_items.rs"]
mod closures_and_items;
#[path = "../pass/check/conditional.rs"]
mod conditional;
#[path = "../pass/check/discarded.rs"]
mod discarded;
#[path = "../pass/check/drop_order.rs"]
mod drop_order;
#[path = "../pass/check/escapes.rs"]
mod escapes;
#[path = "../pass/check/guards_that_ended.rs"]
mod guards_that_ended;
#[path = "../pass/check/guards_that_moved.rs"]
mod guards_that_moved;
#[path = "../pass/check/labels.rs"]
mod labels;
#[path = "../pass/check/late_types.rs"]
mod late_types;
#[path = "../pass/check/loops.rs"]
mod loops;
#[path = "../pass/check/macros_in_bodies.rs"]
mod macros_in_bodies;
#[path = "../pass/check/never_returns.rs"]
mod never_returns;
#[path = "../pass/check/other_threads.rs"]
mod other_threads;
#[path = "../pass/check/our_macros.rs"]
mod our_macros;
#[path = "../pass/check/own_names.rs"]
mod own_names;
#[path = "../pass/check/own_std.rs"]
mod own_std;
#[path = "../pass/check/patterns.rs"]
mod patterns;
#[path = "../pass/check/results.rs"]
mod results;
#[path = "../pass/check/send.rs"]
mod send;
#[path = "../pass/check/server.rs"]
mod server;
#[path = "../pass/sharded/attributes.rs"]
mod sharded_attributes;
#[path = "../pass/sharded/generic.rs"]
mod sharded_generic;
#[path = "../pass/sharded/names.rs"]
mod sharded_names;
#[path = "../pass/sharded/results.rs"]
mod sharded_results;
#[path = "../pass/check/sizes.rs"]
mod sizes;
#[path = "../pass/check/statement_macros.rs"]
mod statement_macros;
#[path = "../pass/check/task_sizes.rs"]
mod task_sizes;
#[path = "../pass/check/test_bodies.rs"]
mod test_bodies;
#[path = "../pass/check/worker.rs"]
mod worker;
