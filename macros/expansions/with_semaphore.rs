// ANCHOR: written
with_semaphore!(DISK, 2, timeout = SECOND => read(page).await?)
// ANCHOR_END: written

// ANCHOR: becomes
{
    // Three units of two would never be there. An item is looked at even in a function that nobody calls.
    const _: () = ::core::assert!(
        2 <= capacity(&DISK),
        "`2` units asked of semaphore `DISK`, which has fewer: nobody would ever get them"
    );
    // `apart` splits the `Result` into what is held and what went wrong. A `Result` that was matched would stay
    // in the surrounding future for as long as the body runs.
    match apart(seastar::sync::Limit::within(DISK.acquire(2), SECOND).await) {
        (_guard, error) => match error {
            Option::None => {
                // The body, as it was written: its `?` leaves the surrounding function.
                let _output = read(page).await?;
                Result::Ok(_output)
                // Here `_guard` is dropped, and the units go back. It is dropped on every other way out, too.
            }
            Option::Some(error) => Result::Err(error),
        },
    }
}
// ANCHOR_END: becomes
