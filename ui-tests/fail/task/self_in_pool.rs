// A pool is a static, and knows neither `self` nor `Self`.
struct Server;

impl Server {
    #[seastar::task(pool = 4)]
    async fn session(&self) {}

    #[seastar::task(pool = 4)]
    async fn other() {
        Self::helper().await
    }

    async fn helper() {}
}

fn main() {
    let _ = (Server.session(), Server::other());
}
