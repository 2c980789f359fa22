use super::*;
use crate::{errors::Errors, lower::expect::expect, parse};

fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    lower(parse::task::parse(options, item, &mut Errors::default()))
}

#[test]
fn a_function_without_arguments() {
    expect(
        task(
            quote!(),
            quote!(
                async fn beat() {
                    tick().await
                }
            ),
        ),
        r#"
#[cfg(doc)]
async fn beat() {
    loop {}
}
#[cfg(not(doc))]
#[allow(clippy::manual_async_fn)]
fn beat() -> impl ::core::future::Future<Output = ()> {
    ::seastar::__private::call(
        (),
        move |__args| async move {
            #[allow(unreachable_code, clippy::all)]
            if false {
                let __never: () = loop {};
                return __never;
            }
            { tick().await }
        },
    )
}
"#,
    );
}

#[test]
fn a_method_with_patterns() {
    let item = quote!(
        /// Adds.
        #[inline]
        pub async fn add<'a, T>(&'a mut self, (left, _): (T, T), mut right: T) -> Option<&'a T>
        where
            T: Add,
        {
            self.add(left)?
        }
    );
    expect(
        task(quote!(), item),
        r#"
#[cfg(doc)]
/// Adds.
#[inline]
pub async fn add<'a, T>(&'a mut self, (left, _): (T, T), mut right: T) -> Option<&'a T>
where
    T: Add,
{
    loop {}
}
#[cfg(not(doc))]
/// Adds.
#[inline]
#[allow(clippy::manual_async_fn)]
pub fn add<'a, T>(
    &'a mut self,
    __argument0: (T, T),
    right: T,
) -> impl ::core::future::Future<Output = Option<&'a T>>
where
    T: Add,
{
    ::seastar::__private::call(
        (__argument0, right),
        move |__args| async move {
            let _ = &self;
            let __argument0 = unsafe {
                ::core::ptr::read(&raw const (*__args.as_ptr()).0)
            };
            let (left, _) = __argument0;
            let mut right = unsafe {
                ::core::ptr::read(&raw const (*__args.as_ptr()).1)
            };
            #[allow(unreachable_code, clippy::all)]
            if false {
                let __never: Option<&'a T> = loop {};
                return __never;
            }
            { self.add(left)? }
        },
    )
}
"#,
    );
}

#[test]
fn a_budget() {
    expect(
        task(
            quote!(max_size = 64),
            quote!(
                async fn f(a: u8) -> u8 {
                    a
                }
            ),
        ),
        r#"
#[cfg(doc)]
async fn f(a: u8) -> u8 {
    loop {}
}
#[cfg(not(doc))]
#[allow(clippy::manual_async_fn)]
fn f(a: u8) -> impl ::core::future::Future<Output = u8> {
    #[allow(clippy::manual_async_fn)]
    fn __body(__all: (u8,)) -> impl ::core::future::Future<Output = u8> {
        ::seastar::__private::call(
            __all,
            move |__args| async move {
                let a = unsafe { ::core::ptr::read(&raw const (*__args.as_ptr()).0) };
                #[allow(unreachable_code, clippy::all)]
                if false {
                    let __never: u8 = loop {};
                    return __never;
                }
                { a }
            },
        )
    }
    const _: () = ::seastar::__private::check_size(
        ::seastar::__private::future_size(__body),
        64usize,
    );
    __body((a,))
}
"#,
    );
}

#[test]
fn a_budget_of_what_has_no_size_yet() {
    expect(
        task(
            quote!(max_size = 64),
            quote!(
                async fn f<T>(a: T) -> impl Debug {
                    a
                }
            ),
        ),
        r#"
#[cfg(doc)]
async fn f<T>(a: T) -> impl Debug {
    loop {}
}
#[cfg(not(doc))]
#[allow(clippy::manual_async_fn)]
fn f<T>(a: T) -> impl ::core::future::Future<Output = impl Debug> {
    ::seastar::__private::call_within::<
        64usize,
        _,
        _,
        _,
    >(
        (a,),
        move |__args| async move {
            let a = unsafe { ::core::ptr::read(&raw const (*__args.as_ptr()).0) };
            { a }
        },
    )
}
"#,
    );
}

#[test]
fn a_pool() {
    let item = quote!(
        /// Serves.
        pub(crate) async fn r#loop(stream: Stream) -> ! {
            serve(stream).await
        }
    );
    expect(
        task(quote!(pool = 4, crate = sea::star), item),
        r#"
/// Serves.
#[track_caller]
pub(crate) fn r#loop(
    stream: Stream,
) -> ::core::result::Result<
    sea::star::JoinHandle<sea::star::__private::Never>,
    sea::star::Busy,
> {
    #[allow(clippy::manual_async_fn)]
    fn __body(
        __all: (Stream,),
    ) -> impl ::core::future::Future<Output = sea::star::__private::Never> {
        sea::star::__private::call(
            __all,
            move |__args| async move {
                let stream = unsafe {
                    ::core::ptr::read(&raw const (*__args.as_ptr()).0)
                };
                #[allow(unreachable_code, clippy::all)]
                if false {
                    let __never: sea::star::__private::Never = loop {};
                    return __never;
                }
                { serve(stream).await }
            },
        )
    }
    #[used]
    #[unsafe(link_section = "seastar_pools")]
    static POOL: sea::star::__private::Pool = sea::star::__private::Pool::new(
        ::core::concat!(::core::module_path!(), "::", "loop"),
        ::core::file!(),
        ::core::line!(),
        4u32,
        sea::star::__private::slot_size(__body),
    );
    sea::star::__private::spawn_in(&POOL, __body, (stream,))
}
"#,
    );
}

#[test]
fn a_pool_that_cannot_be() {
    expect(
        task(
            quote!(pool = 0),
            quote!(
                async fn f(a: u8) -> u8 {
                    a
                }
            ),
        ),
        r#"
#[allow(unused_variables, unreachable_code)]
fn f(a: u8) -> ::core::result::Result<::seastar::JoinHandle<u8>, ::seastar::Busy> {
    let _ = ::seastar::__private::call(
        (a,),
        move |__args| async move {
            let a = unsafe { ::core::ptr::read(&raw const (*__args.as_ptr()).0) };
            #[allow(unreachable_code, clippy::all)]
            if false {
                let __never: u8 = loop {};
                return __never;
            }
            { a }
        },
    );
    loop {}
}
"#,
    );
}

#[test]
fn no_function_at_all() {
    expect(
        task(
            quote!(),
            quote!(
                struct Server;
            ),
        ),
        "struct Server;",
    );
}
