use quote::quote;

use super::*;
use crate::model::sharded::{Place, StartArgument, Started};

fn read(list: TokenStream, item: TokenStream) -> (Sharded, Vec<String>) {
    let mut errors = Errors::default();
    let sharded = parse(list, item, &mut errors);
    (sharded, errors.messages())
}

fn mistakes(item: TokenStream) -> Vec<String> {
    // Without the advice.
    let first = |text: String| text.split([';', ',']).next().unwrap_or_default().to_owned();
    read(quote!(), item).1.into_iter().map(first).collect()
}

/// The mistakes of a block in which these methods stand beside a `start`.
fn mistakes_of(methods: TokenStream) -> Vec<String> {
    mistakes(quote! { impl Cache { async fn start() -> Self {} #methods } })
}

fn service(list: TokenStream, item: TokenStream) -> Service {
    match read(list, item) {
        (Sharded::Service(service), errors) if errors.is_empty() => *service,
        (_, errors) => panic!("{errors:?}"),
    }
}

fn calls(methods: TokenStream) -> Vec<Call> {
    service(quote!(), quote! { impl Cache { async fn start() -> Self {} #methods } }).calls
}

#[test]
fn every_example_is_right() {
    for key in KEYS {
        let list: TokenStream = key.advice().trim_matches('`').parse().unwrap();
        let (_, errors) = read(list, quote! { impl Cache { async fn start() -> Self {} } });
        assert_eq!(errors, [""; 0], "{}", key.name);
    }
}

#[test]
fn a_call_runs_where_its_attribute_says() {
    let calls = calls(quote! {
        #[route(key)] async fn a(&self, key: u8) {}
        #[route(left, right.0)] async fn b(&self, left: u8, right: (u8, u8)) {}
        #[route(by = key.id)] async fn c(&self, key: Key) {}
        #[on(shard)] async fn d(&self, shard: usize) {}
        #[on(0)] fn e(&self) {}
        #[on(HOME)] fn f(&self) {}
        #[broadcast] async fn g(&self) {}
        #[broadcast()] async fn h(&self) {}
        #[seastar::broadcast(reduce = |a, b| a + b)] fn i(&self) -> u8 {}
        fn not_a_call(&self) {}
    });
    let places: Vec<String> = calls
        .iter()
        .map(|call| match &call.place {
            Place::Owner(keys) => format!("owner of {}", types::text(quote!(#(#keys),*))),
            Place::Number(number) => format!("number {}", quote!(#number)),
            Place::Shard(shard) => format!("shard {}", quote!(#shard)),
            Place::All { reduce } => format!("all {}", quote!(#reduce)),
            Place::Refused => "refused".into(),
        })
        .collect();
    let expected = [
        "owner of key",
        "owner of left, right . 0",
        "number key . id",
        "shard shard",
        "shard 0",
        "shard HOME",
        "all ",
        "all ",
        "all | a , b | a + b",
    ];
    assert_eq!(places, expected);
    assert_eq!(calls.iter().filter(|call| call.is_async).count(), 6);
}

#[test]
fn the_handle_is_as_visible_as_start_and_may_have_another_name() {
    let item = quote! { impl cache::Cache<u8> { pub(crate) async fn start() -> Self {} } };
    assert_eq!(service(quote!(), item.clone()).handle.name, "CacheHandle");
    let handle = service(quote!(handle = Client), item).handle;
    assert_eq!(handle.name, "Client");
    assert!(matches!(handle.vis, Visibility::Restricted(_)));
}

#[test]
fn the_handle_takes_the_place_of_the_service() {
    let start = |start| {
        let mut service = service(quote!(), quote! { impl<V> Cache<V> { #start } });
        let start = service.starts.remove(0);
        (matches!(start.started, Started::Result), types::text(&start.output))
    };
    assert_eq!(start(quote! { async fn start() -> Self {} }), (false, "CacheHandle<V>".into()));
    assert_eq!(start(quote! { async fn start() -> Cache<V> {} }), (false, "CacheHandle<V>".into()));
    assert_eq!(
        start(quote! { async fn start() -> io::Result<Self> {} }),
        (true, "io::Result<CacheHandle<V>>".into())
    );
    assert_eq!(
        start(quote! { async fn start() -> Result<Cache<V>, Error<Self>> {} }),
        (true, "Result<CacheHandle<V>, Error<Cache<V>>>".into())
    );
}

#[test]
fn start_may_ask_for_its_peers() {
    let item = quote! { impl Cache { async fn start(size: usize, peers: CacheHandle) -> Self {} } };
    let arguments = service(quote!(), item).starts.remove(0).arguments;
    assert!(matches!(&arguments[..], [StartArgument::Given(_), StartArgument::Peers]));
}

#[test]
fn attributes_go_along_where_they_mean_the_same() {
    let call = calls(quote! {
        /// Gets.
        #[cfg(unix)]
        #[inline]
        #[route(key)]
        #[must_use]
        async fn get(&self, key: u8) {}
    });
    let attrs = &call[0].attrs;
    assert_eq!(
        types::text(quote!(#(#attrs)*)),
        "# [doc = r\" Gets.\"] # [cfg (unix)] # [must_use]".replace(" (", "(")
    );
}

#[test]
fn only_a_block_of_methods_is_a_service() {
    let mistake = |item| mistakes(item).concat();
    assert_eq!(mistake(quote! { struct Cache; }), "`#[seastar::sharded]` is about calls");
    assert_eq!(mistake(quote! { fn f() {} }), "`#[seastar::sharded]` goes on the `impl` block of a service");
    assert!(mistake(quote! { impl Store for Cache { fn start() {} } }).starts_with("the calls of a service"));
    assert_eq!(mistake(quote! { impl [u8] { fn start() {} } }), "a service is a type of its own");
    assert!(mistake(quote! { impl<'a> Cache<'a> {} }).starts_with("a service lives until it is stopped"));
    assert!(mistake(quote! { impl Cache {} }).starts_with("`Cache` has no `start`"));
}

#[test]
fn start_makes_an_instance() {
    let mistakes = |start| mistakes(quote! { impl Cache { #start } });
    assert_eq!(mistakes(quote! { async fn start() {} }), ["`start` makes the instance of a shard"]);
    assert_eq!(mistakes(quote! { async fn start() -> Option<Self> {} }).len(), 1);
    assert_eq!(
        mistakes(quote! { #[broadcast] unsafe fn start<'a>(&self, a: &'a str, b: impl Into<u8>) -> Self {} }),
        [
            "`start` runs once on every shard",
            "`start` runs on all shards at the same time",
            "what goes to another shard borrows nothing from this one",
            "`start` is called by the runtime",
            "`start` makes the instance of a shard",
            "arguments go to other shards",
            "the message that carries it has one type",
        ]
    );
}

#[test]
fn stop_takes_nothing() {
    assert_eq!(mistakes_of(quote! { async fn stop(&self) -> io::Result<()> {} }), [""; 0]);
    assert_eq!(
        mistakes_of(quote! { #[on(0)] fn stop<T>(self, now: T) {} }),
        [
            "`stop` runs once on every shard",
            "`stop` runs on all shards at the same time",
            "calls may be in progress while a service stops",
            "`stop` is called with nothing but the instance",
            "nobody chooses type parameters for `stop`",
        ]
    );
}

#[test]
fn calls_share_the_instance() {
    assert_eq!(
        mistakes_of(quote! {
            #[on(0)] async fn a(self) {}
            #[on(0)] async fn b(&mut self) {}
            #[on(0)] async fn c(self: Rc<Self>) {}
            #[on(0)] async fn d() {}
            #[on(0)] async unsafe fn e(&self) {}
            #[on(0)] async fn f<'a>(&'a self) -> &'a str {}
            #[on(0)] async fn g(&'static self) {}
        }),
        [
            "an instance stays where it is until its service stops",
            "several calls may be in progress on an instance at the same time",
            "an instance stays where it is until its service stops",
            "`d` runs on the instance of a shard",
            "a call comes from another shard",
            "what goes to another shard borrows nothing from this one",
            "an instance is borrowed for as long as a call of it runs",
        ]
    );
    // Nobody calls these from another shard.
    assert_eq!(
        mistakes_of(quote! {
            fn local<'a>(&'a mut self, name: &str) -> &'a str {}
            fn new() -> Self {}
            const N: usize = 1;
        }),
        [""; 0]
    );
}

#[test]
fn what_is_borrowed_stays() {
    assert_eq!(
        mistakes_of(quote! {
            #[route(key)] async fn a(&self, key: &str, list: Vec<&'static str>, map: Ref<'_, u8>) {}
            #[on(0)] async fn b(&self) -> &str {}
            #[on(0)] async fn c(&self) -> impl Debug {}
            #[on(0)] async fn d(&self, #[cfg(unix)] e: impl Debug) -> ! {}
            #[on(0)] fn many(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: u8) {}
        }),
        [
            "arguments go to other shards",
            "arguments go to other shards",
            "the result goes to another shard",
            "the message that brings the result has one type",
            "the message that carries it has one type",
            "a call has the same arguments everywhere",
            "whoever calls it would wait for ever",
            "a message takes 12 arguments along",
        ]
    );
}

#[test]
fn places_are_read_with_care() {
    let advice =
        |method| read(quote!(), quote! { impl A { async fn start() -> Self {} #method } }).1.concat();
    assert_eq!(
        advice(quote! { #[route(kye)] fn f(&self, key: u8) {} }),
        "`kye` is not an argument of `f`; did you mean `key`?"
    );
    assert_eq!(
        advice(quote! { #[route(0)] fn f(&self, key: u8) {} }),
        "no argument of `f` is in here, so it would always run on the same shard; name one, or write `#[on(0)]` if that is meant"
    );
    assert_eq!(
        advice(quote! { #[route] fn f(&self, id: u8) {} }),
        "what decides where `f` runs? name the argument, as in `#[route(id)]`"
    );
    assert_eq!(
        advice(quote! { #[rout(id)] fn f(&self, id: u8) {} }),
        "there is no attribute `rout`; did you mean `#[route(key)]`?"
    );
    assert!(
        advice(quote! { #[route(key = id)] fn f(&self, id: u8) {} }).starts_with("there is no option `key`")
    );
    assert!(
        advice(quote! { #[route(id, by = id)] fn f(&self, id: u8) {} })
            .starts_with("the key decides already")
    );
    assert!(advice(quote! { #[on] fn f(&self) {} }).starts_with("on which shard does `f` run?"));
    assert!(advice(quote! { #[on(0, 1)] fn f(&self) {} }).starts_with("`#[on]` names one shard"));
    assert!(
        advice(quote! { #[broadcast(fold = f)] fn f(&self) -> u8 {} })
            .contains("did you mean `reduce = Stats::add`?")
    );
    assert!(
        advice(quote! { #[broadcast(reduce = |a| a)] fn f(&self) -> u8 {} })
            .starts_with("it makes one result of two")
    );
    assert!(
        advice(quote! { #[broadcast(reduce = 5)] fn f(&self) -> u8 {} })
            .starts_with("`reduce` takes a function")
    );
    assert!(advice(quote! { #[broadcast(reduce = f)] fn f(&self) {} }).starts_with("`f` returns nothing"));
    assert_eq!(
        advice(quote! { #[route(id)] #[broadcast] fn f(&self, id: u8) {} }),
        "a call runs in one place, which `#[route(id)]` has named; remove one of the two"
    );
    assert!(advice(quote! { #[on(0)] #[on(1)] fn f(&self) {} }).contains("once is enough"));
}

#[test]
fn a_call_with_mistakes_is_still_on_the_handle() {
    let item = quote! { impl A { async fn start() -> Self {} #[route(b)] async fn f(&mut self, a: u8) {} } };
    let (Sharded::Service(service), errors) = read(quote!(), item) else { panic!("it is a service") };
    assert_eq!(errors.len(), 2);
    assert!(matches!(&service.calls[..], [Call { place: Place::Refused, .. }]));
}

#[test]
fn names_that_are_taken() {
    let twice = quote! { #[on(0)] fn f(&self) {} #[on(0)] fn f(&self) {} };
    assert_eq!(calls(twice).len(), 1);
    let either = quote! { #[cfg(a)] #[on(0)] fn f(&self) {} #[cfg(not(a))] #[on(0)] fn f(&self) {} };
    assert_eq!(calls(either).len(), 2);
    assert_eq!(mistakes_of(quote! { fn start_sharded() {} }).len(), 1);
}
