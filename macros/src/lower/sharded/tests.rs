use super::*;
use crate::{errors::Errors, lower::expect::expect, parse};

fn sharded(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let tokens = lower(parse::sharded::parse(options, item, &mut errors));
    assert_eq!(errors.messages(), [""; 0]);
    tokens
}

fn sharded_with_mistakes(item: TokenStream) -> TokenStream {
    lower(parse::sharded::parse(quote!(), item, &mut Errors::default()))
}

#[test]
fn a_generic_service() {
    let item = quote!(
        impl<V: Message, const N: usize> Map<V, N>
        where
            V: Clone,
        {
            async fn start(size: usize, peers: Maps<V, N>) -> Result<Self, Full<Self>> {
                Map::new(size, peers)
            }

            #[route(left)]
            pub(crate) async fn get<T: Message>(&self, left: u8, (right, _): (T, Self)) -> Option<V> {
                self.find(left, right)
            }

            async fn stop(&self) -> io::Result<()> {
                self.flush().await
            }
        }
    );
    expect(
        sharded(quote!(handle = Maps, group = calls::LOOKUPS, max_message = 64, crate = sea::star), item),
        r#"
impl<V: Message, const N: usize> Map<V, N>
where
    V: Clone,
{
    async fn start(size: usize, peers: Maps<V, N>) -> Result<Self, Full<Self>> {
        Map::new(size, peers)
    }
    pub(crate) async fn get<T: Message>(
        &self,
        left: u8,
        (right, _): (T, Self),
    ) -> Option<V> {
        self.find(left, right)
    }
    async fn stop(&self) -> io::Result<()> {
        self.flush().await
    }
}
impl<V: Message, const N: usize> sea::star::Service for Map<V, N>
where
    V: Clone,
{
    type Stopped = io::Result<()>;
    fn stop(&self) -> impl ::core::future::Future<Output = io::Result<()>> {
        <Map<V, N>>::stop(self)
    }
}
impl<V: Message, const N: usize> Map<V, N>
where
    V: Clone,
{
    /// Starts an instance on every shard, each with its copy of the arguments.
    async fn start_sharded(size: usize) -> Result<Maps<V, N>, Full<Map<V, N>>> {
        sea::star::__private::start_service(
                |sharded, (size,)| <Map<V, N>>::start(size, Maps(sharded)),
                (sea::star::__private::copied(size),),
            )
            .await
            .map(Maps)
    }
}
/// A handle of the service [`Map`], which any shard may have a copy of.
struct Maps<V: Message, const N: usize>(
    sea::star::Sharded<Map<V, N>>,
)
where
    V: Clone;
impl<V: Message, const N: usize> ::core::clone::Clone for Maps<V, N>
where
    V: Clone,
{
    fn clone(&self) -> Self {
        *self
    }
}
impl<V: Message, const N: usize> ::core::marker::Copy for Maps<V, N>
where
    V: Clone,
{}
impl<V: Message, const N: usize> ::core::fmt::Debug for Maps<V, N>
where
    V: Clone,
{
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
impl<V: Message, const N: usize> ::core::ops::Deref for Maps<V, N>
where
    V: Clone,
{
    type Target = sea::star::Sharded<Map<V, N>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[allow(missing_docs)]
impl<V: Message, const N: usize> Maps<V, N>
where
    V: Clone,
{
    #[track_caller]
    pub(crate) fn get<T: Message>(
        self,
        left: u8,
        __argument1: (T, Map<V, N>),
    ) -> impl sea::star::Call<Option<V>> {
        const {
            sea::star::__private::check_message::<
                (u8, (T, Map<V, N>)),
            >("__argument1", "get", 64)
        };
        const { sea::star::__private::check_answer::<Option<V>>("get", 64) };
        let shard = self.0.shard_of(&left);
        sea::star::__private::call_in_group(
            &calls::LOOKUPS,
            self.0,
            shard,
            sea::star::__private::method(
                <Map<V, N>>::get::<T>,
                (
                    sea::star::__private::sent(left),
                    sea::star::__private::sent(__argument1),
                ),
            ),
        )
    }
}
"#,
    );
}

#[test]
fn each_place() {
    let item = quote!(
        impl a::Service {
            pub async fn start() -> Self {
                Service
            }

            #[cfg(unix)]
            #[route(by = Self::place(&key))]
            fn by_number(&self, key: Key) {}

            #[on(0)]
            fn on_one(&self) {}

            #[broadcast]
            #[deprecated]
            async fn on_all(&self, key: Key) -> io::Result<()> {}
        }
    );
    expect(
        sharded(quote!(), item),
        r#"
impl a::Service {
    pub async fn start() -> Self {
        Service
    }
    #[cfg(unix)]
    fn by_number(&self, #[allow(unused_variables)] key: Key) {}
    fn on_one(&self) {}
    #[deprecated]
    async fn on_all(&self, key: Key) -> io::Result<()> {}
}
impl ::seastar::Service for a::Service {
    type Stopped = ();
}
impl a::Service {
    /// Starts an instance on every shard.
    pub async fn start_sharded() -> ServiceHandle {
        ServiceHandle(
            ::seastar::__private::start_service(|_, ()| a::Service::start(), ()).await,
        )
    }
}
/// A handle of the service [`a::Service`], which any shard may have a copy of.
#[derive(Clone, Copy, Debug)]
pub struct ServiceHandle(::seastar::Sharded<a::Service>);
impl ::core::ops::Deref for ServiceHandle {
    type Target = ::seastar::Sharded<a::Service>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[allow(missing_docs)]
impl ServiceHandle {
    #[cfg(unix)]
    #[track_caller]
    fn by_number(self, key: Key) -> impl ::seastar::Call<()> {
        ::seastar::__private::call_on(
            self.0,
            ::seastar::__private::nth_shard(self.0, <a::Service>::place(&key)),
            ::seastar::__private::sync_method(
                a::Service::by_number,
                (::seastar::__private::sent(key),),
            ),
        )
    }
    #[track_caller]
    fn on_one(self) -> impl ::seastar::Call<()> {
        ::seastar::__private::call_on(
            self.0,
            0,
            ::seastar::__private::sync_method(a::Service::on_one, ()),
        )
    }
    #[deprecated]
    #[allow(deprecated)]
    async fn on_all(
        self,
        key: Key,
    ) -> ::core::result::Result<io::Result<()>, ::seastar::NotRunning> {
        ::seastar::__private::call_all(
                self.0,
                ::seastar::__private::method(
                    a::Service::on_all,
                    (::seastar::__private::copied(key),),
                ),
            )
            .await
    }
}
#[cfg(unix)]
const _: () = ::seastar::__private::check_message::<(Key,)>("key", "by_number", 4096);
const _: () = ::seastar::__private::check_message::<(Key,)>("key", "on_all", 4096);
const _: () = ::seastar::__private::check_answer::<io::Result<()>>("on_all", 4096);
"#,
    );
}

#[test]
fn a_call_with_a_mistake() {
    let item = quote!(
        impl Service {
            #[route(kye)]
            fn get(&self, key: Key) -> u8 {
                key.0
            }
        }
    );
    expect(
        sharded_with_mistakes(item),
        r#"
impl Service {
    fn get(&self, key: Key) -> u8 {
        key.0
    }
}
impl ::seastar::Service for Service {
    type Stopped = ();
}
/// A handle of the service [`Service`], which any shard may have a copy of.
#[derive(Clone, Copy, Debug)]
struct ServiceHandle(::seastar::Sharded<Service>);
impl ::core::ops::Deref for ServiceHandle {
    type Target = ::seastar::Sharded<Service>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[allow(missing_docs)]
impl ServiceHandle {
    fn get(self, key: Key) -> impl ::seastar::Call<u8> {
        let _ = (key,);
        ::seastar::__private::refused()
    }
}
"#,
    );
}

#[test]
fn no_service_at_all() {
    let item = quote!(
        impl Store for Cache {
            #[route(key)]
            fn get(&self, key: Key) -> u8 {
                key.0
            }
        }
    );
    expect(
        sharded_with_mistakes(item),
        "
impl Store for Cache {
    fn get(&self, key: Key) -> u8 {
        key.0
    }
}
",
    );
}
