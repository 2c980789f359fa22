// ANCHOR: written
when_all_succeed!(first(), second)
// ANCHOR_END: written

// ANCHOR: becomes
{
    let (output0, output1) = All(Pair(
        Child::Running(IntoFuture::into_future(first())),
        Child::Running(IntoFuture::into_future(second)),
    ))
    .await;
    // All are over. The first failure counts, in the order in which they are written.
    match output0 {
        Result::Ok(output0) => match output1 {
            Result::Ok(output1) => Result::Ok((output0, output1)),
            Result::Err(output1) => Result::Err(output1),
        },
        Result::Err(output0) => Result::Err(output0),
    }
}
// ANCHOR_END: becomes
