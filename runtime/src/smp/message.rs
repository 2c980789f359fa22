//! What may go from one shard to another.

/// A value that may leave its shard: everything that is `Send` and borrows nothing.
///
/// Shards share nothing, so what one gives to another must not be tied to the first: no `Rc`, no reference to
/// a local, no connection. The result of [`submit_to`](crate::submit_to) has to be a `Message`; what its
/// closure captures has to be `Send` for the same reason, and so have the arguments and results of a service's calls to be `Message`s. The
/// future itself stays where it runs.
///
/// ```
/// fn is_message<T: seastar::Message>(_: T) {}
/// is_message((7, String::from("plain data"), vec![1.5]));
/// ```
///
/// ```compile_fail
/// # fn is_message<T: seastar::Message>(_: T) {}
/// is_message(std::rc::Rc::new(7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot leave its shard",
    label = "this would be used by another shard than the one that made it",
    note = "shards share nothing: pass and return plain data, and keep `Rc`, `RefCell`, connections and borrowed data where they are"
)]
pub trait Message: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Message for T {}
