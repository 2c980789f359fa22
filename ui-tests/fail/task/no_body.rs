// What has no body has no future to make smaller.
trait Session {
    #[seastar::task]
    async fn serve(&self);
}

fn main() {}
