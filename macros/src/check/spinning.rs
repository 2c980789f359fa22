//! Loops that neither wait nor end.

use syn::{
    Block, Expr, ExprCall, ExprClosure, ExprForLoop, ExprLit, ExprLoop, ExprWhile, Item, Lit, Macro,
    visit::{self, Visit},
};

use super::reach::{body, stays_here};
use crate::errors::Errors;

/// Reports every `loop` that, as written, has no `.await` in it and no way out.
pub fn find(block: &Block, errors: &mut Errors) {
    Find(errors).visit_block(block);
}

const MESSAGE: &str = "never waits and never ends, so no other fiber of this shard would ever run; await something in it, \
     such as `seastar::yield_now()`, or leave it with `break`";

struct Find<'a>(&'a mut Errors);

impl Visit<'_> for Find<'_> {
    fn visit_expr_loop(&mut self, expr: &ExprLoop) {
        if spins(&expr.body) {
            self.0.at(expr.loop_token, format!("this `loop` {MESSAGE}"));
        }
        visit::visit_expr_loop(self, expr);
    }

    fn visit_expr_while(&mut self, expr: &ExprWhile) {
        if let Expr::Lit(ExprLit { lit: Lit::Bool(condition), .. }) = &*expr.cond
            && condition.value
            && spins(&expr.body)
        {
            self.0.at(expr.while_token, format!("this `while true` {MESSAGE}"));
        }
        visit::visit_expr_while(self, expr);
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

fn spins(body: &Block) -> bool {
    let mut exit = Exit { found: false, inner: 0 };
    exit.visit_block(body);
    !exit.found
}

/// Looks for anything that could make the loop wait or end; what a macro does is not known.
struct Exit {
    found: bool,
    /// Loops around this place that are inside of the loop in question.
    inner: usize,
}

impl Exit {
    fn within(&mut self, body: &Block) {
        self.inner += 1;
        self.visit_block(body);
        self.inner -= 1;
    }
}

impl Visit<'_> for Exit {
    fn visit_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Await(_) | Expr::Return(_) | Expr::Try(_) | Expr::Macro(_) | Expr::Verbatim(_) => {
                self.found = true;
            }
            Expr::Break(leave) => self.found |= self.inner == 0 || leave.label.is_some(),
            Expr::Continue(next) => self.found |= next.label.is_some(),
            Expr::Closure(_) | Expr::Async(_) => {}
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        // One that may end the process is a way out.
        if let Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
        {
            self.found |=
                ["exit", "abort", "panic_any", "resume_unwind"].iter().any(|name| last.ident == name);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_loop(&mut self, expr: &ExprLoop) {
        self.within(&expr.body);
    }

    fn visit_expr_while(&mut self, expr: &ExprWhile) {
        self.visit_expr(&expr.cond);
        self.within(&expr.body);
    }

    fn visit_expr_for_loop(&mut self, expr: &ExprForLoop) {
        self.visit_expr(&expr.expr);
        self.within(&expr.body);
    }

    fn visit_stmt_macro(&mut self, _: &syn::StmtMacro) {
        self.found = true;
    }

    fn visit_item(&mut self, _: &Item) {}
}
