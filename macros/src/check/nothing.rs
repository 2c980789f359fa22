//! Loops that may run nothing at a time, and so would never end.

use syn::{
    Block, Expr, ExprCall, ExprClosure, ExprLit, Item, Lit, Macro,
    visit::{self, Visit},
};

use super::reach::{body, stays_here};
use crate::errors::Errors;

/// Reports every `max_concurrent_for_each` whose limit is written as 0.
pub fn find(block: &Block, errors: &mut Errors) {
    Find(errors).visit_block(block);
}

struct Find<'a>(&'a mut Errors);

impl Visit<'_> for Find<'_> {
    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let Expr::Path(function) = &*call.func
            && function.path.segments.last().is_some_and(|last| last.ident == "max_concurrent_for_each")
            && let Some(Expr::Lit(ExprLit { lit: Lit::Int(limit), .. })) = call.args.get(1)
            && limit.base10_digits() == "0"
        {
            self.0.at(limit, "none at a time would never come to an end; let at least one run");
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &ExprClosure) {
        if stays_here(closure) {
            self.visit_expr(&closure.body);
        }
    }

    fn visit_macro(&mut self, mac: &Macro) {
        if let Some((_, body)) = body(mac) {
            self.visit_expr(&body);
        }
    }

    fn visit_item(&mut self, _: &Item) {}
}
