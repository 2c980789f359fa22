// ANCHOR: written
#[seastar::shard_local]
static LIMIT: Semaphore<100> = Semaphore::new();
// ANCHOR_END: written

// ANCHOR: becomes
// All such statics lie in one section of the program. A shard maps a copy of the section when it starts, so its own
// static is this address plus a distance.
#[unsafe(link_section = "seastar_locals")]
static LIMIT: ::seastar::ShardLocal<Semaphore<100>> = {
    // A constant, because the copies are made of bytes.
    const __INITIAL: Semaphore<100> = Semaphore::new();
    // `unsafe` promises that it lies in that section.
    unsafe { ::seastar::ShardLocal::new(__INITIAL) }
};
// ANCHOR_END: becomes
