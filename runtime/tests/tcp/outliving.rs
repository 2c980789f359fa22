//! What is left of connections and listeners after their program.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use seastar::net::{InputStream, OutputStream, listen};
use seastar::{Options, spawn, submit_to, timeout};

type Service = Pin<Box<dyn Future<Output = io::Result<()>>>>;

thread_local! {
    static KEPT: RefCell<Vec<Service>> = const { RefCell::new(Vec::new()) };
}

fn options(shards: u32) -> Options {
    Options::new().shards(shards).memory(u64::from(shards) * (64 << 20)).overprovisioned(true)
}

#[test]
fn a_service_that_its_program_leaves_running_frees_its_address() {
    for shard in [0, 1] {
        let address: SocketAddr = seastar::run(options(2), async move || {
            submit_to(shard, async || {
                let listener = listen("127.0.0.1:0").unwrap();
                let address = listener.local_address();
                drop(spawn(listener.serve(async |_| ())));
                // Calls start in order: the service runs on the other shard when this one has.
                for other in [0, 1, 0, 1] {
                    submit_to(other, seastar::yield_now).await;
                }
                address
            })
            .await
        })
        .unwrap();
        StdListener::bind(address).unwrap();
    }
}

/// A read that was dropped must not begin again when the ring is about to go.
#[test]
fn a_stream_that_outlives_its_shard_does_not_hold_up_its_end() {
    thread_local! {
        static HALVES: RefCell<Vec<(InputStream, OutputStream)>> = const { RefCell::new(Vec::new()) };
    }
    let program = || {
        let halves = seastar::run(options(1), async || {
            let listener = listen("127.0.0.1:0").unwrap();
            let client = StdStream::connect(listener.local_address()).unwrap();
            let (mut input, output) = listener.accept().await.unwrap().0.split();
            assert!(timeout(Duration::from_millis(1), input.read()).await.is_err());
            HALVES.with_borrow_mut(|halves| halves.push((input, output)));
            client
        });
        let _client = halves.unwrap();
        let (mut input, _output) = HALVES.with_borrow_mut(|halves| halves.pop().unwrap());
        let read = seastar::run(options(1), async move || {
            timeout(Duration::from_secs(10), input.read()).await.map(|bytes| bytes.map(|bytes| bytes.len()))
        });
        let error = read.unwrap().expect("the read ends").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
    };
    thread::spawn(program).join().unwrap();
}

/// A panic while a thread drops its statics would end the process.
#[test]
fn a_service_may_be_dropped_with_its_thread() {
    let program = || {
        seastar::run(options(2), async || {
            let service = || listen("127.0.0.1:0").unwrap().serve(async |_| ());
            let mut kept: Service = Box::pin(service());
            let mut context = Context::from_waker(Waker::noop());
            assert!(kept.as_mut().poll(&mut context).is_pending());
            KEPT.with_borrow_mut(|all| all.push(kept));
            assert!(timeout(Duration::from_millis(1), service()).await.is_err());
        })
    };
    thread::spawn(program).join().unwrap().unwrap();
}
