// ANCHOR: written
#[seastar::task(pool = 1024)]
async fn session(stream: TcpStream) {
    serve(stream).await
}
// ANCHOR_END: written

// ANCHOR: becomes
#[track_caller]
fn session(stream: TcpStream) -> ::core::result::Result<::seastar::JoinHandle<()>, ::seastar::Busy> {
    fn __body(__all: (TcpStream,)) -> impl ::core::future::Future<Output = ()> {
        call(__all, move |__args| async move {
            let stream = unsafe { ::core::ptr::read(&raw const (*__args.as_ptr()).0) };
            if false {
                let __never: () = loop {};
                return __never;
            }
            { serve(stream).await }
        })
    }
    // Pools lie in a section of the program, so that each shard can make room for all of them when it starts.
    #[used]
    #[unsafe(link_section = "seastar_pools")]
    static POOL: Pool = Pool::new(
        ::core::concat!(::core::module_path!(), "::", "session"),
        ::core::file!(),
        ::core::line!(),
        1024u32,
        slot_size(__body),
    );
    // The future is made in its slot.
    spawn_in(&POOL, __body, (stream,))
}
// ANCHOR_END: becomes
