//! Ways out of a body that is put into a future of its own.
//!
//! There, `return` would only end that future, and `break` could not be written at all. So each way out ends the future
//! with a value that says where to go on, and the surrounding function goes there.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Expr, ExprReturn, Item, Label, Lifetime, Macro, Path, Token,
    parse::{ParseStream, Parser, discouraged::Speculative},
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

use crate::krate::located;

/// The ways out that a body uses.
pub struct Leaving<'a> {
    krate: &'a Path,
    /// With the place of the first use.
    ways: Vec<(Way, Span)>,
    /// How many places were rewritten.
    changes: usize,
    /// Knows the type that the function returns.
    returns: Ident,
    /// Whether a value is returned.
    valued: bool,
    /// Loops of the body around the place that is looked at, and the labels in there.
    loops: usize,
    labels: Vec<Lifetime>,
}

#[derive(PartialEq)]
enum Way {
    Return,
    Break { label: Option<Lifetime>, valued: bool },
    Continue { label: Option<Lifetime> },
}

/// Rewrites the ways out of `body`.
pub fn rewrite<'a>(krate: &'a Path, body: &mut Expr) -> Leaving<'a> {
    let returns = Ident::new("returns", Span::mixed_site());
    let (ways, labels) = (Vec::new(), Vec::new());
    let mut leaving = Leaving { krate, ways, changes: 0, returns, valued: false, loops: 0, labels };
    leaving.visit_expr_mut(body);
    leaving
}

impl Leaving<'_> {
    /// Whether the body has but one end.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// What stands before the future and at its beginning, so that a value is returned as one of the type that the
    /// function has: with what that may become by itself, such as `Box<dyn Error>`.
    ///
    /// It is moved into the future, because a borrow would take space there.
    pub fn hints(&self) -> Option<(TokenStream, TokenStream)> {
        let (krate, returns) = (self.krate, &self.returns);
        let learn = quote! {
            let #returns = #krate::__private::Returning::new();
            #[allow(unreachable_code)]
            if false {
                loop {}
                return #krate::__private::Returning::any(&#returns);
            }
        };
        self.valued.then(|| (learn, quote!(let #returns = #returns;)))
    }

    /// What stands for the end of the body, as a value or a pattern.
    pub fn done(&self, value: impl ToTokens) -> TokenStream {
        self.place(0, value)
    }

    /// For each way out, what stands for it and what is to be done then; `output` is a name for both.
    pub fn arms(&self, output: &Ident) -> Vec<(TokenStream, TokenStream)> {
        let krate = self.krate;
        let arms = self.ways.iter().enumerate().map(|(at, (way, span))| {
            let go = match way {
                Way::Return => quote_spanned!(*span=> return #output),
                Way::Break { label, valued: true } => quote_spanned!(*span=> break #label #output),
                Way::Break { label, valued: false } => {
                    quote_spanned!(*span=> { let () = #output; break #label })
                }
                Way::Continue { label } => quote_spanned!(*span=> { let () = #output; continue #label }),
            };
            (self.place(at + 1, output), go)
        });
        let never = nth(krate, self.ways.len() + 1, quote!(#output));
        arms.chain([(never, quote!(#krate::__private::never(#output)))]).collect()
    }

    fn place(&self, at: usize, value: impl ToTokens) -> TokenStream {
        let krate = self.krate;
        nth(krate, at, quote!(#krate::__private::Either::First(#value)))
    }

    /// Leaves with `value` by `way`.
    fn leave(&mut self, way: Way, value: impl ToTokens, span: Span) -> Expr {
        self.changes += 1;
        let at = self.ways.iter().position(|(known, _)| *known == way).unwrap_or_else(|| {
            self.ways.push((way, span));
            self.ways.len() - 1
        });
        let value = Expr::Verbatim(self.place(at + 1, value));
        Expr::Return(ExprReturn {
            attrs: Vec::new(),
            return_token: Token![return](span),
            expr: Some(Box::new(value)),
        })
    }

    /// Whether `break label` or `continue label` stays within the body.
    fn is_within(&self, label: &Option<Lifetime>) -> bool {
        match label {
            Some(label) => self.labels.contains(label),
            None => self.loops > 0,
        }
    }

    fn within(&mut self, label: Option<&Label>, loops: usize, visit: impl FnOnce(&mut Self)) {
        self.labels.extend(label.map(|label| label.name.clone()));
        self.loops += loops;
        visit(self);
        self.loops -= loops;
        self.labels.truncate(self.labels.len() - usize::from(label.is_some()));
    }

    /// The value as one of the type that the function returns.
    fn returned(&mut self, value: &Expr, span: Span) -> TokenStream {
        self.valued = true;
        let (krate, returns) = (located(self.krate, span), &self.returns);
        let span = Span::mixed_site().located_at(span);
        quote_spanned!(span=> #krate::__private::Returning::same(&#returns, #value))
    }

    /// What `?` means, with a way out instead of `return`.
    fn question(&mut self, tried: &Expr, span: Span) -> Expr {
        let krate = &located(self.krate, span);
        let span = Span::mixed_site().located_at(span);
        let [value, residual] = ["value", "residual"].map(|name| Ident::new(name, span));
        let converted = quote_spanned!(span=> #krate::__private::FromResidual::from_residual(#residual));
        let leave = self.leave(Way::Return, converted, span);
        Expr::Verbatim(quote_spanned! {span=>
            (match #krate::__private::Try::branch(#tried) {
                #krate::__private::ControlFlow::Continue(#value) => #value,
                #krate::__private::ControlFlow::Break(#residual) => #leave,
            })
        })
    }
}

/// `Second(Second(.. first))`.
fn nth(krate: &Path, at: usize, first: TokenStream) -> TokenStream {
    (0..at).fold(first, |place, _| quote!(#krate::__private::Either::Second(#place)))
}

impl VisitMut for Leaving<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            // Functions of their own.
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) => {}
            Expr::Loop(looped) => {
                let label = looped.label.clone();
                self.within(label.as_ref(), 1, |this| visit_mut::visit_expr_loop_mut(this, looped));
            }
            Expr::While(looped) => {
                let label = looped.label.clone();
                self.within(label.as_ref(), 1, |this| visit_mut::visit_expr_while_mut(this, looped));
            }
            Expr::ForLoop(looped) => {
                self.visit_expr_mut(&mut looped.expr);
                let label = looped.label.clone();
                self.within(label.as_ref(), 1, |this| this.visit_block_mut(&mut looped.body));
            }
            Expr::Block(block) => {
                let label = block.label.clone();
                self.within(label.as_ref(), 0, |this| visit_mut::visit_expr_block_mut(this, block));
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
        let span = expr.span();
        *expr = match expr {
            Expr::Return(returned) => {
                let span = returned.return_token.span;
                let value = match returned.expr.take() {
                    Some(value) => self.returned(&value, value.span()),
                    None => quote!(()),
                };
                self.leave(Way::Return, value, span)
            }
            Expr::Break(broken) if !self.is_within(&broken.label) => {
                let way = Way::Break { label: broken.label.take(), valued: broken.expr.is_some() };
                let value = broken.expr.take();
                let value = value.map_or_else(|| quote!(()), ToTokens::into_token_stream);
                self.leave(way, value, broken.break_token.span)
            }
            Expr::Continue(continued) if !self.is_within(&continued.label) => {
                self.leave(Way::Continue { label: continued.label.take() }, quote!(()), span)
            }
            Expr::Try(tried) => self.question(&tried.expr, tried.question_token.span),
            _ => return,
        };
    }

    fn visit_item_mut(&mut self, _: &mut Item) {
        // Nothing leaves a function from within an item.
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let changes = self.changes;
        let rewrite = |input: ParseStream| self.arguments(input);
        let rewritten = rewrite.parse2(call.tokens.clone());
        if self.changes > changes
            && let Ok(tokens) = rewritten
        {
            call.tokens = tokens;
        }
    }
}

impl Leaving<'_> {
    /// Rewrites what is an expression in the arguments of a macro, and leaves what is none.
    ///
    /// What a macro makes of its arguments is not known, but that an expression in there is evaluated in the place of
    /// the call is true for nearly all, among them those that print, check and build, and all of ours.
    fn arguments(&mut self, input: ParseStream) -> syn::Result<TokenStream> {
        let mut tokens = TokenStream::new();
        while !input.is_empty() {
            let fork = input.fork();
            // The call of a macro may be both, and as an item it would stay as it is.
            if let Ok(item) = fork.parse::<Item>()
                && !matches!(item, Item::Macro(_))
            {
                input.advance_to(&fork);
                item.to_tokens(&mut tokens);
                continue;
            }
            let fork = input.fork();
            if let Ok(mut expr) = fork.parse::<Expr>() {
                input.advance_to(&fork);
                self.visit_expr_mut(&mut expr);
                expr.to_tokens(&mut tokens);
                continue;
            }
            let mut tree: TokenTree = input.parse()?;
            if let TokenTree::Group(group) = &mut tree {
                let rewrite = |input: ParseStream| self.arguments(input);
                let mut inner = Group::new(group.delimiter(), rewrite.parse2(group.stream())?);
                inner.set_span(group.span());
                *group = inner;
            }
            tree.to_tokens(&mut tokens);
        }
        Ok(tokens)
    }
}
