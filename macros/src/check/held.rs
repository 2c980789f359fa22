//! What is still alive while a function waits, told by how it is written.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{
    Arm, BinOp, Block, Expr, ExprMethodCall, Ident, Item, Local, Macro, Stmt, UnOp,
    visit::{self, Visit},
};

use super::{
    calls,
    reach::{any, arguments, mentions, stays_here},
};

/// Our macros that wait in the function in which they stand.
const WAITS: [&str; 7] =
    ["with_semaphore", "with_gate", "with_lock", "with_timeout", "when_all", "when_all_succeed", "when_any"];

fn waits(mac: &Macro) -> bool {
    mac.path.segments.last().is_some_and(|last| WAITS.iter().any(|name| last.ident == name))
}

/// Whether the variable, made just before these statements, is still there at an `.await` in them.
///
/// Its name alone is a use by value and ends it; behind `&` and `*`, or before `.` and `[`, it lives on.
pub fn across_await(variable: &Ident, rest: &[Stmt]) -> bool {
    let mut life = Life { variable, name: variable.to_string(), ended: false, awaited: false };
    rest.iter().for_each(|stmt| life.visit_stmt(stmt));
    life.awaited
}

struct Life<'a> {
    variable: &'a Ident,
    name: String,
    ended: bool,
    awaited: bool,
}

impl Life<'_> {
    fn waits(&mut self) {
        self.awaited |= !self.ended;
    }

    /// A use of what `expr` refers to, and not of its value.
    fn place(&mut self, expr: &Expr) {
        if !matches!(expr, Expr::Path(path) if path.path.is_ident(self.variable)) {
            self.visit_expr(expr);
        }
    }
}

impl Visit<'_> for Life<'_> {
    fn visit_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Path(path) => self.ended |= path.path.is_ident(self.variable),
            Expr::Reference(reference) => self.place(&reference.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => self.place(&unary.expr),
            Expr::Field(field) => self.place(&field.base),
            Expr::Index(index) => {
                self.place(&index.expr);
                self.visit_expr(&index.index);
            }
            Expr::MethodCall(call) => {
                self.place(&call.receiver);
                call.args.iter().for_each(|arg| self.visit_expr(arg));
            }
            Expr::Await(awaited) => {
                self.visit_expr(&awaited.base);
                self.waits();
            }
            // It may be moved in there.
            Expr::Async(_) | Expr::Closure(_) => self.ended |= mentions(expr.to_token_stream(), &self.name),
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_macro(&mut self, mac: &Macro) {
        if arguments(mac).is_some() {
            if mentions(mac.tokens.clone(), "await") {
                self.waits();
            }
            return;
        }
        self.ended |= mentions(mac.tokens.clone(), &self.name);
        if waits(mac) {
            self.waits();
        }
    }

    fn visit_item(&mut self, _: &Item) {}
}

/// The calls in a body whose result may be a guard that has no name and lives until after an `.await`.
///
/// They are told apart by where they are, so the body must not move before they are looked up.
#[derive(Default)]
pub struct Temporaries(HashSet<*const ExprMethodCall>);

impl Temporaries {
    pub fn of(block: &Block) -> Temporaries {
        let mut lives = Lives::default();
        lives.visit_block(block);
        Temporaries(lives.held)
    }

    pub fn of_expr(expr: &Expr) -> Temporaries {
        let mut lives = Lives::default();
        lives.visit_expr(expr);
        Temporaries(lives.held)
    }

    pub fn contains(&self, call: &ExprMethodCall) -> bool {
        self.0.contains(&std::ptr::from_ref(call))
    }
}

/// Goes through a body in the order in which it is evaluated.
#[derive(Default)]
struct Lives {
    held: HashSet<*const ExprMethodCall>,
    /// Guards without a name that exist at this place.
    alive: Vec<*const ExprMethodCall>,
    /// Whether the next expression is used where it is and not moved.
    place: bool,
}

impl Lives {
    fn waits(&mut self) {
        self.held.extend(&self.alive);
    }

    fn place(&mut self, expr: &Expr) {
        self.place = true;
        self.visit_expr(expr);
    }

    /// Visits what drops its temporaries at its end.
    fn scope(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = self.alive.len();
        visit(self);
        self.alive.truncate(outside);
    }

    /// A condition of `if` or `while`; with a `let` in it, its temporaries live as long as the body.
    fn condition(&mut self, condition: &Expr) {
        match any(condition, |expr| matches!(expr, Expr::Let(_))) {
            true => self.visit_expr(condition),
            false => self.scope(|lives| lives.visit_expr(condition)),
        }
    }
}

impl Visit<'_> for Lives {
    fn visit_expr(&mut self, expr: &Expr) {
        let place = std::mem::take(&mut self.place);
        match expr {
            Expr::MethodCall(call) => {
                match unwraps(call) {
                    true => self.visit_expr(&call.receiver),
                    false => self.place(&call.receiver),
                }
                call.args.iter().for_each(|arg| self.visit_expr(arg));
                if place && may_be_guard(call) {
                    self.alive.push(call);
                }
            }
            Expr::Reference(reference) => self.place(&reference.expr),
            Expr::Unary(unary) => self.place(&unary.expr),
            Expr::Field(field) => self.place(&field.base),
            Expr::Index(index) => {
                self.place(&index.expr);
                self.visit_expr(&index.index);
            }
            Expr::Paren(paren) => {
                self.place = place;
                self.visit_expr(&paren.expr);
            }
            Expr::Await(awaited) => {
                self.visit_expr(&awaited.base);
                self.waits();
            }
            // The right side is evaluated first.
            Expr::Assign(assign) => {
                self.visit_expr(&assign.right);
                self.visit_expr(&assign.left);
            }
            Expr::Binary(binary) => match binary.op {
                BinOp::And(_) | BinOp::Or(_) => {
                    self.condition(&binary.left);
                    self.condition(&binary.right);
                }
                _ if is_assignment(&binary.op) => {
                    self.visit_expr(&binary.right);
                    self.visit_expr(&binary.left);
                }
                _ => visit::visit_expr(self, expr),
            },
            Expr::If(branch) => {
                self.scope(|lives| {
                    lives.condition(&branch.cond);
                    lives.visit_block(&branch.then_branch);
                });
                if let Some((_, otherwise)) = &branch.else_branch {
                    self.scope(|lives| lives.visit_expr(otherwise));
                }
            }
            Expr::While(repeat) => self.scope(|lives| {
                lives.condition(&repeat.cond);
                lives.visit_block(&repeat.body);
            }),
            Expr::ForLoop(repeat) => self.scope(|lives| {
                lives.visit_expr(&repeat.expr);
                lives.visit_block(&repeat.body);
            }),
            Expr::Async(_) => {
                let outside = std::mem::take(&mut self.alive);
                visit::visit_expr(self, expr);
                self.alive = outside;
            }
            Expr::Closure(closure) => {
                let outside = std::mem::take(&mut self.alive);
                if stays_here(closure) {
                    self.scope(|lives| lives.visit_expr(&closure.body));
                }
                self.alive = outside;
            }
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_arm(&mut self, arm: &Arm) {
        self.scope(|lives| visit::visit_arm(lives, arm));
    }

    fn visit_stmt(&mut self, stmt: &Stmt) {
        self.scope(|lives| visit::visit_stmt(lives, stmt));
    }

    fn visit_local(&mut self, local: &Local) {
        let Some(init) = &local.init else { return };
        self.scope(|lives| lives.visit_expr(&init.expr));
        if let Some((_, otherwise)) = &init.diverge {
            self.visit_expr(otherwise);
        }
    }

    fn visit_macro(&mut self, mac: &Macro) {
        if waits(mac) || arguments(mac).is_some() && mentions(mac.tokens.clone(), "await") {
            self.waits();
        }
    }

    fn visit_item(&mut self, _: &Item) {}
}

/// `cell.borrow()`, `lock.lock().unwrap()`
fn may_be_guard(call: &ExprMethodCall) -> bool {
    if unwraps(call) {
        return matches!(&*call.receiver, Expr::MethodCall(inner) if calls::is_guard(inner));
    }
    calls::is_guard(call)
}

fn unwraps(call: &ExprMethodCall) -> bool {
    call.method == "unwrap" || call.method == "expect"
}

fn is_assignment(op: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}
