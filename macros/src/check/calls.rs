//! Which calls and variables are worth a question about their type, told by how they are written.

use syn::{Expr, ExprCall, ExprMethodCall, ExprPath, Pat};

use super::{
    blocking::{self, FILE_FUNCTIONS},
    paths::Paths,
    reach,
};

/// A question of `seastar::__private::check::ask`.
pub type Question = &'static str;

pub const STAYS_BORROWED: Question = "stays_borrowed";
pub const STAYS_LOCKED: Question = "stays_locked";
pub const BLOCKS: Question = "blocks";
pub const IS_DROPPED: Question = "is_dropped";
pub const IS_RELEASED: Question = "is_released";
const WAITS: Question = "waits";
const READS_FILES: Question = "reads_files";
const SLEEPS: Question = "sleeps";
const JOINS: Question = "joins";

/// Functions of types that open something, and block if the type is one of `std`.
const OPENS: [&str; 6] = ["bind", "connect", "connect_timeout", "create", "create_new", "open"];

/// What to ask of the result of a call; `None` if its name says that it is harmless, or that it is not.
pub fn question(expr: &Expr, paths: &Paths) -> Option<Question> {
    match expr {
        Expr::Call(call) => function(call, paths),
        Expr::MethodCall(call) => method(call),
        _ => None,
    }
}

fn function(call: &ExprCall, paths: &Paths) -> Option<Question> {
    let Expr::Path(path) = &*call.func else { return None };
    if blocking::is_known(path, paths) {
        return None;
    }
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names[..] {
        ["fs", function] if FILE_FUNCTIONS.contains(&function) => Some(READS_FILES),
        ["thread", "sleep"] => Some(SLEEPS),
        [.., ty, function] if is_type(ty) && OPENS.contains(&function) => Some(BLOCKS),
        [.., "stdin"] if call.args.is_empty() => Some(BLOCKS),
        _ => None,
    }
}

fn method(call: &ExprMethodCall) -> Option<Question> {
    let name = call.method.to_string();
    match (call.args.len(), name.as_str()) {
        (0, "accept" | "output" | "recv" | "status" | "wait") => Some(BLOCKS),
        (1, "open" | "recv_timeout") => Some(BLOCKS),
        // One that was started before may have ended.
        (0, "join") if is_spawn(&call.receiver) => Some(JOINS),
        (1, "wait") | (2, "wait_timeout" | "wait_while") => Some(WAITS),
        _ => None,
    }
}

/// `thread::spawn(..)`, and what else is called like that.
fn is_spawn(expr: &Expr) -> bool {
    match reach::bare(expr) {
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else { return false };
            path.path.segments.last().is_some_and(|last| last.ident == "spawn")
        }
        Expr::MethodCall(call) => call.method == "spawn",
        _ => false,
    }
}

/// Whether the type of this expression is known, but for its parameters, where it stands.
///
/// That of most is, but `parse`, `into` and their like may learn theirs later.
pub fn is_known_at_once(expr: &Expr) -> bool {
    match reach::bare(expr) {
        Expr::MethodCall(call) => is_guard(call) || call.method == "spawn",
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => makes_its_type(path),
            _ => false,
        },
        _ => false,
    }
}

/// `RefCell::new`, `Ref::map`, `File::open`.
fn makes_its_type(path: &ExprPath) -> bool {
    let mut names = path.path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let (Some(function), Some(ty)) = (names.next(), names.next()) else { return false };
    is_type(&ty) && (function == "new" || function == "map" || OPENS.contains(&function.as_str()))
}

/// Whether the method may return a guard.
pub fn is_guard(call: &ExprMethodCall) -> bool {
    let names = ["borrow", "borrow_mut", "lock", "read", "write"];
    call.args.is_empty() && names.iter().any(|name| call.method == name)
}

/// Whether a method may return something that is held as long as the value lives.
pub fn may_hold(expr: &Expr) -> bool {
    const HOLDS: [&str; 15] = [
        "acquire",
        "acquire_abortable",
        "acquire_owned",
        "acquire_timeout",
        "consume_units",
        "hold",
        "hold_owned",
        "lock",
        "read",
        "try_acquire",
        "try_acquire_owned",
        "try_hold",
        "try_lock",
        "try_read",
        "try_write",
    ];
    match reach::bare(expr) {
        Expr::Await(awaited) => may_hold(&awaited.base),
        Expr::MethodCall(call) => call.method == "write" || HOLDS.iter().any(|name| call.method == name),
        _ => false,
    }
}

/// Whether the value may be a guard, a socket or the like, and its type is known for sure at the end of the body.
///
/// A question about a type that the user forgot to determine would add to what the compiler says about that.
pub fn may_matter(expr: &Expr) -> bool {
    const OPEN: [&str; 8] =
        ["collect", "default", "into", "parse", "product", "sum", "try_into", "unwrap_or_default"];
    match reach::bare(expr) {
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else { return true };
            path.path.segments.last().is_none_or(|last| last.ident != "default")
        }
        Expr::MethodCall(call) => !OPEN.iter().any(|name| call.method == name),
        // Not those of the standard library, which make texts and lists, or nothing.
        Expr::Macro(mac) => {
            let std = ["compile_error", "format", "panic", "todo", "unimplemented", "unreachable", "vec"];
            !mac.mac.path.segments.last().is_some_and(|last| std.iter().any(|name| last.ident == name))
        }
        Expr::Await(_) | Expr::Block(_) | Expr::Field(_) | Expr::If(_) | Expr::Match(_) => true,
        Expr::Path(_) | Expr::Unsafe(_) => true,
        _ => false,
    }
}

/// The variables that a pattern makes. A name with a capital may be a constant and is left out.
pub fn variables(pat: &Pat) -> Vec<&syn::Ident> {
    let mut found = Vec::new();
    gather(pat, &mut found);
    found
}

fn gather<'a>(pat: &'a Pat, found: &mut Vec<&'a syn::Ident>) {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && !is_type(&pat.ident.to_string()) => found.push(&pat.ident),
        Pat::Type(pat) => gather(&pat.pat, found),
        Pat::Paren(pat) => gather(&pat.pat, found),
        Pat::Tuple(pat) => pat.elems.iter().for_each(|pat| gather(pat, found)),
        Pat::TupleStruct(pat) => pat.elems.iter().for_each(|pat| gather(pat, found)),
        Pat::Struct(pat) => pat.fields.iter().for_each(|field| gather(&field.pat, found)),
        _ => {}
    }
}

fn is_type(name: &str) -> bool {
    name.trim_start_matches("r#").trim_start_matches('_').starts_with(char::is_uppercase)
}
