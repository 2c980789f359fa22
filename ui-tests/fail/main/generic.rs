// Nobody could say what `T` is.
#[seastar::main]
async fn main<T>()
where
    T: Default,
{
    T::default();
}
