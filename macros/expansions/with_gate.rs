// ANCHOR: written
with_gate!(gate => answer(question).await)
// ANCHOR_END: written

// ANCHOR: becomes
// Nothing is awaited before the body: a gate is open or closed.
match apart(gate.hold()) {
    (_guard, error) => match error {
        Option::None => {
            let _output = answer(question).await;
            Result::Ok(_output)
            // `_guard` is dropped, and whoever closes the gate waits for one less.
        }
        Option::Some(error) => Result::Err(error),
    },
}
// ANCHOR_END: becomes
