// ANCHOR: written
with_timeout!(SECOND => {
    if done().await {
        return 0;
    }
    read(page).await
})
// ANCHOR_END: written

// ANCHOR: becomes
{
    // Never runs. It tells the compiler that what is returned below is what the function returns.
    let returns = Returning::new();
    if false {
        loop {}
        return Returning::any(&returns);
    }
    // The body has to be a future of its own, since it may be dropped. So its ways out become values ...
    match seastar::time::timeout(
        SECOND,
        async {
            let returns = returns;
            let _output = {
                if done().await {
                    // This was `return 0`.
                    return Either::Second(Either::First(Returning::same(&returns, 0)));
                }
                read(page).await
            };
            Either::First(_output)
        },
    )
    .await
    {
        // ... and are taken here, in the surrounding function.
        Result::Ok(Either::First(output)) => Result::Ok(output),
        Result::Ok(Either::Second(Either::First(output))) => return output,
        // There are no others, and the compiler knows.
        Result::Ok(Either::Second(Either::Second(output))) => never(output),
        Result::Err(output) => Result::Err(output),
    }
}
// ANCHOR_END: becomes
