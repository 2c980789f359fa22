//! An ordinary function around the user's `async` one, so that `rustc` has something to start.
//!
//! The types of the parameter and of the result are named in the call, because `rustc` then complains
//! about them where the user wrote them and not about the attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use crate::{
    model::entry::{Entry, Inner, Role, Run, Wrapped},
    options::Setting,
};

pub fn lower(entry: Entry) -> TokenStream {
    match entry {
        Entry::Other(item) => item,
        Entry::Function(wrapped) => wrap(*wrapped),
    }
}

fn wrap(wrapped: Wrapped) -> TokenStream {
    let Wrapped { attrs, vis, name, inner: Inner { attrs: inner_attrs, sig, body }, run } = wrapped;
    let inner = quote!(#(#inner_attrs)* #sig #body);
    let Some(Run { krate, settings, output, role }) = run else {
        return quote! {
            #(#attrs)*
            #[allow(dead_code, unused_attributes)]
            #vis fn #name() { #inner }
        };
    };
    let function = &sig.ident;
    let settings = settings.iter().map(|Setting { key, value }| quote!(.#key(#value)));
    let options = quote!(#krate::Options::new());
    match role {
        Role::Main { about, args } => {
            let about = about.map(|about| quote!(.about(#about)));
            let options = quote!(#options #about .version(::core::env!("CARGO_PKG_VERSION")) #(#settings)*);
            let start = match args {
                Some(args) => quote!(main_with_args::<#args, #output, _>),
                None => quote!(main::<#output, _>),
            };
            quote! {
                #(#attrs)*
                #vis fn #name() -> ::std::process::ExitCode {
                    #inner
                    #krate::__private::#start(#options, #function)
                }
            }
        }
        Role::Test => {
            let text = name.unraw().to_string();
            quote! {
                #[::core::prelude::v1::test]
                #(#attrs)*
                #vis fn #name() {
                    #inner
                    #krate::__private::test::<#output, _>(
                        #options #(#settings)*,
                        ::core::concat!(::core::module_path!(), "::", #text),
                        #function,
                    )
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect, parse};

    fn main(options: TokenStream, item: TokenStream) -> TokenStream {
        lower(parse::main::parse(options, item, &mut Errors::default()))
    }

    fn test(options: TokenStream, item: TokenStream) -> TokenStream {
        lower(parse::test::parse(options, item, &mut Errors::default()))
    }

    #[test]
    fn the_smallest_program() {
        let item = quote!(
            async fn main() {
                run().await
            }
        );
        let expected = r#"
fn main() -> ::std::process::ExitCode {
    async fn main() {
        run().await
    }
    ::seastar::__private::main::<
        (),
        _,
    >(::seastar::Options::new().version(::core::env!("CARGO_PKG_VERSION")), main)
}
"#;
        expect(main(quote!(), item), expected);
    }

    #[test]
    fn a_program_with_everything() {
        let options = quote!(shards = 2, memory = "1G", poll_mode, task_quota_ms = 1, crate = sea::star);
        let item = quote!(
            /// My server.
            ///
            /// It serves.
            #[instrument]
            #[expect(unused)]
            pub async fn main(Args { port }: Args) -> Result<(), Error> {
                serve(port).await
            }
        );
        let expected = r#"
/// My server.
///
/// It serves.
#[expect(unused)]
pub fn main() -> ::std::process::ExitCode {
    #[instrument]
    async fn main(Args { port }: Args) -> Result<(), Error> {
        serve(port).await
    }
    sea::star::__private::main_with_args::<
        Args,
        Result<(), Error>,
        _,
    >(
        sea::star::Options::new()
            .about("My server.")
            .version(::core::env!("CARGO_PKG_VERSION"))
            .shards(2u32)
            .memory(1073741824u64)
            .poll_mode(true)
            .task_quota_ms(1f64),
        main,
    )
}
"#;
        expect(main(options, item), expected);
    }

    #[test]
    fn a_test() {
        let item = quote!(
            /// Sleeps.
            #[ignore]
            #[cfg(feature = "slow")]
            async fn r#try() -> Result<(), Error> {
                sleep().await
            }
        );
        let expected = r#"
#[::core::prelude::v1::test]
/// Sleeps.
#[ignore]
#[cfg(feature = "slow")]
fn r#try() {
    async fn r#try() -> Result<(), Error> {
        sleep().await
    }
    ::seastar::__private::test::<
        Result<(), Error>,
        _,
    >(
        ::seastar::Options::new().shards(2u32),
        ::core::concat!(::core::module_path!(), "::", "try"),
        r#try,
    )
}
"#;
        expect(test(quote!(shards = 2), item), expected);
    }

    #[test]
    fn keeps_what_cannot_be_called() {
        let expected = r#"
#[allow(dead_code, unused_attributes)]
fn main() {
    async fn main<T>(value: T) {}
}
"#;
        expect(
            main(
                quote!(),
                quote!(
                    async fn main<T>(value: T) {}
                ),
            ),
            expected,
        );
        let expected = r#"
#[ignore]
#[allow(dead_code, unused_attributes)]
fn adds() {
    async fn adds(value: u8) {}
}
"#;
        expect(
            test(
                quote!(),
                quote!(
                    #[ignore]
                    async fn adds(value: u8) {}
                ),
            ),
            expected,
        );
        expect(
            main(
                quote!(),
                quote!(
                    struct Server;
                ),
            ),
            "struct Server;",
        );
    }

    #[test]
    fn repairs_what_can_be_repaired() {
        let expected = r#"
fn main() -> ::std::process::ExitCode {
    async fn server() {}
    ::seastar::__private::main::<
        (),
        _,
    >(::seastar::Options::new().version(::core::env!("CARGO_PKG_VERSION")), server)
}
"#;
        expect(
            main(
                quote!(shard = 2),
                quote!(
                    #[tokio::main]
                    const fn server() {}
                ),
            ),
            expected,
        );
    }
}
