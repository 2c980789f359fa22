//! What is told by words, and which questions are left for the compiler.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Signature, parse_quote};

use super::*;
use crate::lower::expect::expect;

fn check(body: TokenStream) -> (TokenStream, Vec<String>) {
    let mut errors = Errors::default();
    let sig: Signature = parse_quote!(async fn main());
    let body = super::body(&parse_quote!(::sea), &sig, body, &mut errors);
    (body, errors.messages())
}

fn mistakes(body: TokenStream) -> Vec<String> {
    // Without the advice.
    let first = |text: String| text.split([';', ',']).next().unwrap_or_default().to_owned();
    check(body).1.into_iter().map(first).collect()
}

/// The questions in the order in which they are asked.
fn questions(body: TokenStream) -> Vec<String> {
    let text = check(body).0.to_string().replace(' ', "");
    let asked = text.split("(&&&__witness").skip(1);
    asked.filter_map(|text| Some(text.split(['.', '(']).nth(1)?.to_owned())).collect()
}

#[test]
fn a_question_is_left_in_dead_code_and_asked_at_the_end() {
    let (body, mistakes) = check(quote!(
        {
            #![allow(unused)]
            let guard = cell.borrow();
            io().await
        }
    ));
    assert_eq!(mistakes, [""; 0]);
    let expected = r#"
async fn main() {
    #![allow(unused)]
    let __witness0;
    if true {
        let guard = cell.borrow();
        #[allow(unreachable_code)]
        if false {
            loop {}
            __witness0 = ::sea::__private::check::Witness::of(&guard);
        }
        io().await
    } else {
        loop {}
        #[allow(unreachable_code)]
        {
            use ::sea::__private::check::ask::*;
            (&&&__witness0).blocks();
            (&&&__witness0).stays_borrowed();
            (&&&__witness0).stays_locked();
        };
    }
}
"#;
    expect(quote!(async fn main() #body), expected);
}

#[test]
fn a_call_is_looked_at_where_it_is() {
    let (body, _) = check(quote!({
        receiver.recv()?;
    }));
    let expected = r#"
async fn main() {
    let __witness0;
    if true {
        (match receiver.recv() {
            value => {
                #[allow(unreachable_code)]
                if false {
                    loop {}
                    __witness0 = ::sea::__private::check::Witness::of(&value);
                }
                value
            }
        })?;
    } else {
        loop {}
        #[allow(unreachable_code)]
        {
            use ::sea::__private::check::ask::*;
            (&&&__witness0).blocks();
        };
    }
}
"#;
    expect(quote!(async fn main() #body), expected);
}

#[test]
fn nothing_is_added_where_there_is_nothing_to_ask() {
    for body in [
        quote!({ run().await }),
        quote!({
            let five = 5;
            let text = format!("{five}");
            io().await;
        }),
        quote!({
            let parsed = text.parse()?;
            let all: Vec<u8> = items.collect();
            io().await;
        }),
        quote!({
            receiver.recv().await;
            let _ = receiver.recv().await;
        }),
        quote!({
            let guard = blocking_ok!(cell.borrow());
            io().await;
        }),
        quote!({
            thread::spawn(|| {
                let file = File::open("x");
                receiver.recv()
            });
        }),
        quote!({
            #[cfg(test)]
            let file = open();
        }),
        quote!({
            *cell.borrow_mut() = io().await;
            if cell.borrow().is_empty() {
                io().await
            }
        }),
        quote!({ this is no Rust }),
    ] {
        let (checked, mistakes) = check(body.clone());
        assert_eq!((checked.to_string(), mistakes.len()), (body.to_string(), 0));
    }
}

#[test]
fn every_kind_of_question() {
    let across = ["blocks", "stays_borrowed", "stays_locked"];
    assert_eq!(
        questions(quote!({
            let a = open();
        })),
        ["blocks"]
    );
    assert_eq!(
        questions(quote!({
            let a = open();
            io().await;
        })),
        across
    );
    assert_eq!(
        questions(quote!({
            let a = open();
            a.len();
            a[0];
            *a;
            &a;
            io().await;
        })),
        across
    );
    assert_eq!(
        questions(quote!({
            let (a, B) = open();
            take(a);
            io().await;
        })),
        ["blocks"]
    );
    assert_eq!(
        questions(quote!({
            let _ = work();
        })),
        ["is_dropped"]
    );
    assert_eq!(
        questions(quote!({
            thread::sleep(pause);
        })),
        ["sleeps"]
    );
    assert_eq!(
        questions(quote!({
            fs::write(path, text)?;
        })),
        ["reads_files"]
    );
    assert_eq!(
        questions(quote!({
            changed.wait(guard);
        })),
        ["waits"]
    );
    let held = ["stays_borrowed", "stays_locked"];
    assert_eq!(
        questions(quote!({
            match cell.borrow().len() {
                _ => io().await,
            }
        })),
        held
    );
    assert_eq!(
        questions(quote!({
            io(lock.read().unwrap().len()).await;
        })),
        held
    );
    assert_eq!(
        questions(quote!({
            with_gate!(gate => { let _ = work(); });
        })),
        ["is_dropped"]
    );
    assert_eq!(
        questions(quote!({
            spawn(async {
                let a = cell.borrow();
                io().await;
            });
        })),
        across
    );
    assert_eq!(
        questions(quote!({
            spawn(async {
                let a = text.known()?;
                io().await;
            });
        })),
        [""; 0]
    );
}

#[test]
fn parameters_are_variables_too() {
    let sig: Signature = parse_quote!(async fn write(log: Log, Pair(a, _): Pair));
    let body = super::body(&parse_quote!(::sea), &sig, quote!({ log.write(a) }), &mut Errors::default());
    assert_eq!(body.to_string().matches(". blocks ()").count(), 2);
}

#[test]
fn calls_that_block_are_known_by_their_full_name() {
    let sleep = "`std::thread::sleep` stops every fiber of this shard";
    assert_eq!(mistakes(quote!({ std::thread::sleep(pause) })), [sleep]);
    assert_eq!(mistakes(quote!({ ::std::thread::sleep(pause) })), [sleep]);
    assert_eq!(
        mistakes(quote!({
            use std::thread::{self as t};
            t::sleep(pause)
        })),
        [sleep]
    );
    assert_eq!(
        mistakes(quote!({
            use std::thread::sleep as doze;
            doze(pause)
        })),
        [sleep]
    );
    assert_eq!(mistakes(quote!({ println!("{:?}", std::thread::sleep(pause)) })), [sleep]);
    assert_eq!(mistakes(quote!({ with_gate!(gate => std::thread::sleep(pause)) })), [sleep]);
    assert_eq!(mistakes(quote!({ spawn(async move || { std::thread::sleep(pause) }) })), [sleep]);
    assert_eq!(mistakes(quote!({ list.map(|pause| std::thread::sleep(pause)) })), [sleep]);
    assert_eq!(mistakes(quote!({ list.map(std::thread::sleep) })), [sleep]);
    for harmless in [
        quote!({ thread::sleep(pause) }),
        quote!({ mine::std::thread::sleep(pause) }),
        quote!({ std::thread::spawn(|| std::thread::sleep(pause)) }),
        quote!({ blocking_ok!(std::thread::sleep(pause)) }),
        quote!({
            fn sleeps() {
                std::thread::sleep(pause)
            }
        }),
        quote!({ block_on(a, b) }),
        quote!({ geometry::block_on(a) }),
        quote!({ block_on(a).await }),
    ] {
        assert_eq!(mistakes(harmless), [""; 0]);
    }
    assert_eq!(mistakes(quote!({ pollster::block_on(a) })).len(), 1);
}

#[test]
fn a_loop_must_wait_or_end() {
    let spins = |body| mistakes(body).len();
    assert_eq!(spins(quote!({ loop {} })), 1);
    assert_eq!(
        spins(quote!({
            while true {
                step()
            }
        })),
        1
    );
    assert_eq!(
        spins(quote!({
            loop {
                for _ in 0..3 {
                    break;
                }
            }
        })),
        1
    );
    assert_eq!(
        spins(quote!({
            loop {
                spawn(async { io().await })
            }
        })),
        1
    );
    assert_eq!(spins(quote!({ with_gate!(gate => loop {}) })), 1);
    for harmless in [
        quote!({
            loop {
                io().await
            }
        }),
        quote!({
            loop {
                if done() {
                    break;
                }
            }
        }),
        quote!({
            'all: loop {
                loop {
                    break 'all;
                }
            }
        }),
        quote!({
            loop {
                step()?
            }
        }),
        quote!({
            loop {
                return;
            }
        }),
        quote!({
            loop {
                yield_point!()
            }
        }),
        quote!({
            loop {
                std::process::exit(1)
            }
        }),
        quote!({
            while more() {
                step()
            }
        }),
        quote!({ thread::spawn(|| loop {}) }),
    ] {
        assert_eq!(spins(harmless), 0);
    }
}

#[test]
fn a_future_that_is_not_awaited_is_denied_unless_the_user_decides() {
    assert!(deny(&[parse_quote!(#[inline])]).is_some());
    assert!(deny(&[parse_quote!(#[allow(unused_must_use)])]).is_none());
}

/// The block of a service with the questions in its bodies.
fn service(block: TokenStream) -> (String, Vec<String>) {
    let mut errors = Errors::default();
    let service = sharded(crate::parse::sharded::parse(quote!(), block, &mut errors), &mut errors);
    let text = crate::lower::sharded::lower(service).to_string();
    (text.replace(' ', ""), errors.messages())
}

#[test]
fn the_methods_of_a_service_run_on_a_shard() {
    let (text, mistakes) = service(quote! {
        impl Cache {
            async fn start() -> Self { std::fs::read("a") }
            #[on(0)] fn call(&self) { std::thread::sleep(SECOND) }
            async fn local() { std::net::TcpStream::connect(HOME) }
            async fn stop(&self) { loop {} }
        }
    });
    assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    assert!(text.starts_with("#[deny(unused_must_use)]implCache{"), "{text}");
}

#[test]
fn what_a_service_has_besides_may_run_anywhere() {
    let (text, mistakes) = service(quote! {
        #[allow(unused_must_use)]
        impl Cache {
            async fn start() -> Self { Cache }
            fn load() -> Self { std::fs::read("a") }
            // Looks for itself, in a body that has no questions in it yet.
            #[seastar::task]
            async fn task(&self) { let guard = self.cell.borrow(); io().await }
            const SPIN: fn() -> ! = || loop {};
        }
    });
    assert_eq!(mistakes, [""; 0]);
    assert!(!text.contains("deny(") && !text.contains("__witness"), "{text}");
}
