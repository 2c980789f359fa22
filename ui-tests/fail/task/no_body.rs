trait Session {
    #[seastar::task]
    async fn serve(&self);
}

fn main() {}
