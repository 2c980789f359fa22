//! Leaves questions about types in code that is never reached.
//!
//! ```text
//! let witness;                                              // declared before the body
//! if true {
//!     let mut list = cell.borrow_mut();                     // the user's, as it was
//!     if false { loop {} witness = Witness::of(&list); }    // learns the type, borrows nothing
//!     io().await; list.push(1);
//! } else {
//!     loop {} (&&&witness).stays_borrowed();                // asked last, when every type is known
//! }
//! ```
//!
//! What follows `loop {}` is typed but never becomes code: no borrow, no move, no drop, no byte of a future. The body
//! stays the value of the function, so that it is still checked against the type of the result.
//! Async blocks and closures are bodies of their own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Block, Expr, ExprBlock, FnArg, Item, Local, LocalInit, Macro, Pat, Path, Signature, Stmt, Token,
    parse_quote,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

use super::{
    blocking,
    calls::{self, BLOCKS, IS_DROPPED, IS_RELEASED, Question, STAYS_BORROWED, STAYS_LOCKED},
    held::{Temporaries, across_await},
    paths::Paths,
    reach::{self, any, is_blocking_ok, is_conditional, located, stays_here},
};

/// Adds the questions to the body; `false` if there are none and it is as it was.
pub fn instrument(krate: &Path, sig: &Signature, block: &mut Block, paths: &Paths) -> bool {
    let temporaries = Temporaries::of(block);
    let mut probes = Probes { krate, paths, temporaries, bodies: vec![Some(Vec::new())], count: 0 };
    let parameters = probes.parameters(sig, block);
    probes.visit_block_mut(block);
    if !parameters.is_empty() {
        block.stmts.splice(0..0, parameters);
    }
    let asked = probes.bodies.pop().flatten().unwrap_or_default();
    let any = probes.count > 0;
    if !asked.is_empty() {
        *block = finish(krate, asked, block);
    }
    any
}

/// Knows the type of something in the user's code.
struct Witness {
    name: Ident,
    questions: Vec<Question>,
}

struct Probes<'a> {
    krate: &'a Path,
    paths: &'a Paths,
    temporaries: Temporaries,
    /// The witnesses of each body around this place; `None` is one that may not run on this shard.
    bodies: Vec<Option<Vec<Witness>>>,
    count: usize,
}

/// The same place, but names in there are ours, and lints are not about them.
fn ours(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

impl Probes<'_> {
    /// A statement that learns the type of `value`, which then is asked the questions.
    fn witness(&mut self, value: &Ident, span: Span, questions: Vec<Question>) -> Option<TokenStream> {
        let witnesses = self.bodies.last_mut()?.as_mut()?;
        let name = format_ident!("__witness{}", self.count, span = span);
        self.count += 1;
        let krate = located(self.krate, span);
        let learn = quote_spanned! {ours(span)=>
            #[allow(unreachable_code)]
            if false { loop {} #name = #krate::__private::check::Witness::of(&#value); }
        };
        witnesses.push(Witness { name, questions });
        Some(learn)
    }

    fn parameters(&mut self, sig: &Signature, block: &Block) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        for input in &sig.inputs {
            let FnArg::Typed(input) = input else { continue };
            for variable in calls::variables(&input.pat) {
                stmts.extend(self.variable(variable, true, &block.stmts));
            }
        }
        stmts
    }

    fn variable(&mut self, variable: &Ident, may_block: bool, rest: &[Stmt]) -> Option<Stmt> {
        let mut questions = Vec::new();
        if may_block {
            questions.push(BLOCKS);
        }
        if across_await(variable, rest) {
            questions.extend([STAYS_BORROWED, STAYS_LOCKED]);
        }
        if questions.is_empty() {
            return None;
        }
        let learn = self.witness(variable, variable.span(), questions)?;
        Some(Stmt::Expr(Expr::Verbatim(learn), Some(Token![;](ours(variable.span())))))
    }

    /// What to put behind a `let`.
    fn local(&mut self, local: &Local, rest: &[Stmt]) -> Vec<Stmt> {
        let Some(LocalInit { expr, .. }) = &local.init else { return Vec::new() };
        let outermost = self.bodies.len() == 1;
        let escaped = any(expr, |expr| matches!(expr, Expr::Macro(mac) if is_blocking_ok(&mac.mac)));
        if escaped || !calls::may_matter(expr) || !(outermost || calls::is_known_at_once(expr)) {
            return Vec::new();
        }
        // One mistake, one message.
        let told = any(expr, |expr| match expr {
            Expr::Path(path) => blocking::is_known(path, self.paths),
            _ => calls::question(expr, self.paths).is_some(),
        });
        let variables = calls::variables(&local.pat).into_iter();
        variables.filter_map(|variable| self.variable(variable, !told, rest)).collect()
    }

    /// The call, and a look at the type of what it returns.
    fn wrap(&mut self, call: &mut Expr, questions: Vec<Question>) {
        let span = name(call);
        let value = Ident::new("value", ours(span));
        if let Some(learn) = self.witness(&value, span, questions) {
            *call =
                Expr::Verbatim(quote_spanned! {ours(span)=> (match #call { #value => { #learn #value } }) });
        }
    }

    fn body(&mut self, witnesses: Option<Vec<Witness>>, visit: impl FnOnce(&mut Self)) -> Vec<Witness> {
        self.bodies.push(witnesses);
        visit(self);
        self.bodies.pop().flatten().unwrap_or_default()
    }
}

impl VisitMut for Probes<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let mut behind: Vec<Vec<Stmt>> = Vec::with_capacity(block.stmts.len());
        for (index, stmt) in block.stmts.iter().enumerate() {
            behind.push(match stmt {
                Stmt::Local(local) if !is_conditional(stmt) => self.local(local, &block.stmts[index + 1..]),
                _ => Vec::new(),
            });
        }
        for stmt in block.stmts.iter_mut().filter(|stmt| !is_conditional(stmt)) {
            self.visit_stmt_mut(stmt);
        }
        if behind.iter().any(|stmts| !stmts.is_empty()) {
            let stmts = std::mem::take(&mut block.stmts).into_iter().zip(behind);
            block.stmts = stmts.flat_map(|(stmt, behind)| [stmt].into_iter().chain(behind)).collect();
        }
    }

    fn visit_local_mut(&mut self, local: &mut Local) {
        let held = local.init.as_ref().is_some_and(|init| calls::may_hold(&init.expr));
        visit_mut::visit_local_mut(self, local);
        if let (Pat::Wild(_), Some(LocalInit { expr, diverge: None, .. })) = (&local.pat, &mut local.init) {
            match **expr {
                Expr::Call(_) | Expr::MethodCall(_) | Expr::Async(_) if held => {
                    self.wrap(expr, vec![IS_DROPPED, IS_RELEASED]);
                }
                Expr::Call(_) | Expr::MethodCall(_) | Expr::Async(_) => self.wrap(expr, vec![IS_DROPPED]),
                Expr::Await(_) | Expr::Try(_) if held => self.wrap(expr, vec![IS_RELEASED]),
                _ => {}
            }
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let held = matches!(expr, Expr::MethodCall(call) if self.temporaries.contains(call));
        let question = calls::question(expr, self.paths);
        match expr {
            Expr::Await(awaited) => match &mut *awaited.base {
                // What is awaited gives way, whatever its name is.
                base @ (Expr::Call(_) | Expr::MethodCall(_)) => visit_mut::visit_expr_mut(self, base),
                base => self.visit_expr_mut(base),
            },
            Expr::Async(block) => {
                let asked = self.body(Some(Vec::new()), |probes| probes.visit_block_mut(&mut block.block));
                if !asked.is_empty() {
                    block.block = finish(self.krate, asked, &block.block);
                }
            }
            Expr::Closure(closure) if closure.asyncness.is_some() => {
                let asked = self.body(Some(Vec::new()), |probes| probes.visit_expr_mut(&mut closure.body));
                if !asked.is_empty() {
                    let block = finish(self.krate, asked, &block(Expr::clone(&closure.body)));
                    *closure.body = Expr::Block(ExprBlock { attrs: Vec::new(), label: None, block });
                }
            }
            Expr::Closure(closure) => {
                if stays_here(closure) {
                    self.body(None, |probes| probes.visit_expr_mut(&mut closure.body));
                }
            }
            Expr::Const(_) => {}
            _ => visit_mut::visit_expr_mut(self, expr),
        }
        if held {
            self.wrap(expr, vec![STAYS_BORROWED, STAYS_LOCKED]);
        } else if let Some(question) = question {
            self.wrap(expr, vec![question]);
        }
    }

    /// The body of one of our macros gets its own witnesses, because the macro may make it a future.
    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        let here = self.bodies.last().is_some_and(Option::is_some);
        let Some((head, mut body)) = reach::body(mac).filter(|_| here) else { return };
        let temporaries = Temporaries::of_expr(&body);
        let outside = std::mem::replace(&mut self.temporaries, temporaries);
        let asked = self.body(Some(Vec::new()), |probes| probes.visit_expr_mut(&mut body));
        self.temporaries = outside;
        let body = match asked.is_empty() {
            true => quote!(#body),
            false => finish(self.krate, asked, &block(body)).into_token_stream(),
        };
        mac.tokens = quote!(#head #body);
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// The expression as a block.
fn block(body: Expr) -> Block {
    match body {
        Expr::Block(ExprBlock { block, label: None, .. }) => block,
        body => parse_quote!({ #body }),
    }
}

/// The name of what is called.
fn name(call: &Expr) -> Span {
    match call {
        Expr::Await(awaited) => name(&awaited.base),
        Expr::Try(question) => name(&question.expr),
        Expr::MethodCall(call) if call.method == "unwrap" || call.method == "expect" => name(&call.receiver),
        Expr::MethodCall(call) => call.method.span(),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => path.path.segments.last().map_or(call.func.span(), |last| last.ident.span()),
            func => func.span(),
        },
        _ => call.span(),
    }
}

/// The body with its witnesses before it and the questions after it.
fn finish(krate: &Path, asked: Vec<Witness>, body: &Block) -> Block {
    let span = ours(body.brace_token.span.join());
    let names = asked.iter().map(|witness| &witness.name);
    let questions = asked.iter().flat_map(|Witness { name, questions }| {
        questions.iter().map(move |question| {
            let question = Ident::new(question, name.span());
            quote_spanned! {name.span()=> (&&&#name).#question(); }
        })
    });
    let krate = located(krate, span);
    let stmts = quote_spanned! {span=>
        #(let #names;)*
        if true #body else {
            loop {}
            #[allow(unreachable_code)]
            {
                use #krate::__private::check::ask::*;
                #(#questions)*
            };
        }
    };
    let stmts = vec![Stmt::Expr(Expr::Verbatim(stmts), None)];
    Block { brace_token: body.brace_token, stmts }
}
