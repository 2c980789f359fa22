// ANCHOR: written
#[seastar::task(max_size = 2048)]
async fn parse(buffer: Buffer) -> Request {
    read_into(buffer).await
}
// ANCHOR_END: written

// ANCHOR: becomes
// What rustdoc shows.
#[cfg(doc)]
async fn parse(buffer: Buffer) -> Request {
    loop {}
}
#[cfg(not(doc))]
fn parse(buffer: Buffer) -> impl ::core::future::Future<Output = Request> {
    fn __body(__all: (Buffer,)) -> impl ::core::future::Future<Output = Request> {
        // The future keeps the arguments beside the body and not in it; `__args` tells where, when it is polled.
        call(__all, move |__args| async move {
            // At the first poll they move out, into the variables of the body. What a body captures it keeps for ever; a
            // variable that moves on gives its place away.
            let buffer = unsafe { ::core::ptr::read(&raw const (*__args.as_ptr()).0) };
            // Never runs. It tells the compiler the type of the result, so that a wrong one is reported where it stands.
            if false {
                let __never: Request = loop {};
                return __never;
            }
            { read_into(buffer).await }
        })
    }
    // `max_size`, checked while compiling.
    const _: () = check_size(future_size(__body), 2048usize);
    __body((buffer,))
}
// ANCHOR_END: becomes
