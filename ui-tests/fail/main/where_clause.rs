// There is nothing to constrain.
#[seastar::main]
async fn main()
where
    String: Clone,
{
}
