// Functions that are only called like those that block.
#![deny(warnings)]

mod thread {
    pub async fn sleep(_: u8) {}
}

mod fs {
    pub fn read(_: &str) -> u8 {
        1
    }

    pub async fn write(_: &str, _: u8) -> std::io::Result<()> {
        Ok(())
    }
}

mod net {
    pub struct TcpStream;

    impl TcpStream {
        pub fn connect(_: &str) -> TcpStream {
            TcpStream
        }

        pub async fn read(&self) -> u8 {
            1
        }
    }
}

struct File;

impl File {
    fn open(self) -> Self {
        self
    }
}

struct Channel(u8);

impl Channel {
    async fn recv(&mut self) -> Option<u8> {
        self.0 += 1;
        Some(self.0)
    }

    fn wait(&self) -> u8 {
        self.0
    }

    fn status(&self) -> &u8 {
        &self.0
    }

    fn output<T: Default>(&self) -> T {
        T::default()
    }

    fn borrow(&self) -> &u8 {
        &self.0
    }
}

struct Mutex(u8);

impl Mutex {
    async fn lock(&self) -> &u8 {
        &self.0
    }
}

#[seastar::main(shards = 1)]
async fn main() -> std::io::Result<()> {
    thread::sleep(1).await;
    assert_eq!(fs::read("x"), 1);
    fs::write("x", 1).await?;
    let write = fs::write("x", 1);
    write.await?;
    assert_eq!(net::TcpStream::connect("x").read().await, 1);
    let file = File::open(File);
    seastar::yield_now().await;
    let File = file.open();
    let mut channel = Channel(0);
    assert_eq!(channel.recv().await, Some(1));
    let received = seastar::timeout(std::time::Duration::from_secs(9), channel.recv()).await;
    assert_eq!(received, Ok(Some(2)));
    let status = channel.status();
    let waited = channel.wait();
    let output: u8 = channel.output();
    assert_eq!((*status, waited, output), (2, 2, 0));
    match channel.borrow() {
        2 => seastar::yield_now().await,
        _ => unreachable!(),
    }
    let mutex = Mutex(3);
    let guard = mutex.lock().await;
    seastar::yield_now().await;
    assert_eq!(*guard, 3);
    Ok(())
}
