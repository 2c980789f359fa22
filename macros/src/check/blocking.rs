//! Calls that block the shard, told by their names.

use syn::{
    Block, Expr, ExprAwait, ExprCall, ExprClosure, ExprMethodCall, ExprPath, Item, Macro,
    visit::{self, Visit},
};

use super::{
    paths::Paths,
    reach::{CALLS_AT_ONCE, arguments, body, stays_here},
};
use crate::errors::Errors;

const SLEEP: &str = "write `seastar::sleep(..).await`";
const PARK: &str = "await what it waits for";
const FILES: &str =
    "write `seastar::unblock(|| ..).await`, or say `seastar::blocking_ok!(..)` where that is meant";
const PROCESS: &str = "use `seastar::process::Command`";
const CONNECT: &str = "write `seastar::net::connect(..).await`";
const LISTEN: &str = "write `seastar::net::listen(..)`";
const SOCKET: &str = "use `seastar::net`";
const INPUT: &str = "read it before the runtime starts, or in `seastar::unblock(|| ..)`";
const LOCK: &str =
    "a shard owns its data, so use `Cell` or `RefCell`, and `seastar::submit_to` for that of others";
const BLOCK_ON: &str = "write `.await`";

/// Functions in `std` that block, and what to do instead.
const BLOCKING: [(&[&str], &str); 34] = [
    (&["thread", "sleep"], SLEEP),
    (&["thread", "sleep_ms"], SLEEP),
    (&["thread", "park"], PARK),
    (&["thread", "park_timeout"], PARK),
    (&["fs", "File", "open"], FILES),
    (&["fs", "File", "create"], FILES),
    (&["fs", "File", "create_new"], FILES),
    (&["net", "TcpStream", "connect"], CONNECT),
    (&["net", "TcpStream", "connect_timeout"], CONNECT),
    (&["net", "TcpListener", "bind"], LISTEN),
    (&["net", "UdpSocket", "bind"], SOCKET),
    (&["os", "unix", "net", "UnixStream", "connect"], SOCKET),
    (&["os", "unix", "net", "UnixStream", "connect_addr"], SOCKET),
    (&["os", "unix", "net", "UnixStream", "pair"], SOCKET),
    (&["os", "unix", "net", "UnixListener", "bind"], SOCKET),
    (&["os", "unix", "net", "UnixListener", "bind_addr"], SOCKET),
    (&["os", "unix", "net", "UnixDatagram", "bind"], SOCKET),
    (&["os", "unix", "net", "UnixDatagram", "pair"], SOCKET),
    (&["os", "unix", "net", "UnixDatagram", "unbound"], SOCKET),
    (&["io", "stdin"], INPUT),
    (&["process", "Command", "output"], PROCESS),
    (&["process", "Command", "status"], PROCESS),
    (&["process", "Child", "wait"], PROCESS),
    (&["process", "Child", "wait_with_output"], PROCESS),
    (&["sync", "Mutex", "lock"], LOCK),
    (&["sync", "RwLock", "read"], LOCK),
    (&["sync", "RwLock", "write"], LOCK),
    (&["sync", "Condvar", "wait"], PARK),
    (&["sync", "Condvar", "wait_while"], PARK),
    (&["sync", "Condvar", "wait_timeout"], PARK),
    (&["sync", "Condvar", "wait_timeout_while"], PARK),
    (&["sync", "Barrier", "wait"], PARK),
    (&["sync", "mpsc", "Receiver", "recv"], PARK),
    (&["sync", "mpsc", "Receiver", "recv_timeout"], PARK),
];

/// Functions of `std::fs` itself; they all block.
pub const FILE_FUNCTIONS: [&str; 18] = [
    "canonicalize",
    "copy",
    "create_dir",
    "create_dir_all",
    "exists",
    "hard_link",
    "metadata",
    "read",
    "read_dir",
    "read_link",
    "read_to_string",
    "remove_dir",
    "remove_dir_all",
    "remove_file",
    "rename",
    "set_permissions",
    "symlink_metadata",
    "write",
];

/// Where functions come from that are called `block_on` and run a future to its end.
const EXECUTORS: [&str; 9] =
    ["async_io", "async_std", "executor", "future", "futures_executor", "pollster", "smol", "task", "tokio"];

/// Reports every call in the body that is known to block by its name.
pub fn find(block: &Block, paths: &Paths, errors: &mut Errors) {
    Find { paths, errors }.visit_block(block);
}

/// Whether this function is known to block by its name.
pub fn is_known(path: &ExprPath, paths: &Paths) -> bool {
    advice(path, paths).is_some()
}

/// The full name of this function and what to write instead, if it blocks.
fn advice(path: &ExprPath, paths: &Paths) -> Option<(String, &'static str)> {
    let names = paths.in_std(&path.path)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let advice = match names[..] {
        ["fs", function] => FILE_FUNCTIONS.contains(&function).then_some(FILES),
        _ => BLOCKING.iter().find(|(blocking, _)| *blocking == names).map(|(_, advice)| *advice),
    };
    Some((format!("std::{}", names.join("::")), advice?))
}

struct Find<'a> {
    paths: &'a Paths,
    errors: &'a mut Errors,
}

impl Find<'_> {
    fn arguments<'a>(&mut self, args: impl IntoIterator<Item = &'a Expr>, called_at_once: bool) {
        for arg in args {
            match arg {
                Expr::Closure(closure) if called_at_once => self.visit_expr(&closure.body),
                _ => self.visit_expr(arg),
            }
        }
    }
}

impl Visit<'_> for Find<'_> {
    fn visit_expr_path(&mut self, path: &ExprPath) {
        if let Some((name, instead)) = advice(path, self.paths) {
            self.errors.at(path, format!("`{name}` stops every fiber of this shard; {instead}"));
        }
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let Expr::Path(path) = &*call.func
            && is_block_on(path)
            && call.args.len() == 1
        {
            let message = "stops every fiber of this shard, for ever if the future waits for one of them";
            self.errors.at(path, format!("`{}` {message}; {BLOCK_ON}", written(path)));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        self.visit_expr(&call.receiver);
        let at_once = CALLS_AT_ONCE.iter().any(|method| call.method == method);
        self.arguments(&call.args, at_once);
    }

    fn visit_expr_await(&mut self, awaited: &ExprAwait) {
        match &*awaited.base {
            // Whatever it is called, what is awaited gives way.
            Expr::Call(call) => self.arguments(&call.args, false),
            base => self.visit_expr(base),
        }
    }

    fn visit_expr_closure(&mut self, closure: &ExprClosure) {
        if stays_here(closure) {
            self.visit_expr(&closure.body);
        }
    }

    fn visit_macro(&mut self, mac: &Macro) {
        let evaluated = arguments(mac).or_else(|| body(mac).map(|(_, body)| vec![body]));
        self.arguments(&evaluated.unwrap_or_default(), false);
    }

    fn visit_item(&mut self, _: &Item) {}
}

fn is_block_on(path: &ExprPath) -> bool {
    let mut names = path.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(|name| name == "block_on")
        && names.next().is_none_or(|module| EXECUTORS.iter().any(|executor| module == executor))
}

/// The path as a user writes it.
fn written(path: &ExprPath) -> String {
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names.join("::")
}
