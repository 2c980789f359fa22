// ANCHOR: written
with_lock!(balance = account => pay(balance).await)
// ANCHOR_END: written

// ANCHOR: becomes
{
    // A `RwLock` has no `lock`; this trait has one that tells to write `lock.read()` or `lock.write()`.
    use LockOneWay as _;
    match account.lock().await {
        mut _guard => {
            // `&mut T` of the guard, or `&T` where the lock is read.
            let balance = Held::held(&mut _guard);
            pay(balance).await
        }
    }
}
// ANCHOR_END: becomes
