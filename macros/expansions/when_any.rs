// ANCHOR: written
when_any! {
    answer = ask() => use_it(answer),
    _ = sleep(SECOND) => give_up(),
}
// ANCHOR_END: written

// ANCHOR: becomes
{
    let winner = Race(
        IntoFuture::into_future(ask()),
        IntoFuture::into_future(sleep(SECOND)),
    )
    .await;
    // The race is over and dropped, losers and all, before a body runs.
    match winner {
        Either::First(output) => {
            let answer = output;
            use_it(answer)
        }
        Either::Second(output) => {
            let _ = output;
            give_up()
        }
    }
}
// ANCHOR_END: becomes
