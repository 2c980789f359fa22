//! A static in the section that each shard copies.
//!
//! The value is a constant first, because only of constants any number of copies may be made: a `static`
//! may, for one, refer to something that changes, and all copies of it would share that.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::shard_local::{ShardLocal, Static};

pub fn lower(item: ShardLocal) -> TokenStream {
    let item = match item {
        ShardLocal::Static(item) => *item,
        ShardLocal::Other(item) => return item,
    };
    let Static { krate, attrs, vis, name, ty, initial } = item;
    // `ShardLocal::new` asks that its value lies in that section and is a constant, and both is seen to here.
    quote! {
        #(#attrs)*
        #[unsafe(link_section = "seastar_locals")]
        #vis static #name: #krate::ShardLocal<#ty> = {
            #[allow(clippy::declare_interior_mutable_const)]
            const __INITIAL: #ty = #initial;
            unsafe { #krate::ShardLocal::new(__INITIAL) }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect, parse};

    fn shard_local(options: TokenStream, item: TokenStream) -> TokenStream {
        lower(parse::shard_local::parse(options, item, &mut Errors::default()))
    }

    #[test]
    fn a_semaphore() {
        let item = quote!(
            /// Requests in progress.
            pub static LIMIT: Semaphore<100> = Semaphore::new();
        );
        expect(
            shard_local(quote!(), item),
            r#"
/// Requests in progress.
#[unsafe(link_section = "seastar_locals")]
pub static LIMIT: ::seastar::ShardLocal<Semaphore<100>> = {
    #[allow(clippy::declare_interior_mutable_const)]
    const __INITIAL: Semaphore<100> = Semaphore::new();
    unsafe { ::seastar::ShardLocal::new(__INITIAL) }
};
"#,
        );
    }

    #[test]
    fn a_repaired_static() {
        let item = quote!(
            #[no_mangle]
            static mut COUNT: u8 = 1;
        );
        expect(
            shard_local(quote!(crate = sea::star), item),
            r#"
#[unsafe(link_section = "seastar_locals")]
static COUNT: sea::star::ShardLocal<u8> = {
    #[allow(clippy::declare_interior_mutable_const)]
    const __INITIAL: u8 = 1;
    unsafe { sea::star::ShardLocal::new(__INITIAL) }
};
"#,
        );
    }

    #[test]
    fn something_else() {
        expect(
            shard_local(
                quote!(),
                quote!(
                    fn f() {}
                ),
            ),
            "fn f() {}",
        );
    }
}
