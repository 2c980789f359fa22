// ANCHOR: written
when_all!(first(), second)
// ANCHOR_END: written

// ANCHOR: becomes
{
    // One future that holds the others in place, and polls those that are still running.
    let (output0, output1) = All(Pair(
        Child::Running(IntoFuture::into_future(first())),
        Child::Running(IntoFuture::into_future(second)),
    ))
    .await;
    (output0, output1)
}
// ANCHOR_END: becomes
