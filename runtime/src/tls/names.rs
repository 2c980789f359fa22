//! Which certificate is for whom.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::Certificate;

thread_local! {
    /// For which server the client has asked whose hello was looked at last. rustls does not tell otherwise.
    static ASKED_FOR: Cell<Option<String>> = const { Cell::new(None) };
}

/// For which server the last client has asked.
pub(super) fn take_asked_for() -> Option<String> {
    ASKED_FOR.take()
}

/// The certificates of a server, which all shards use, and which can be exchanged.
#[derive(Debug)]
pub(super) struct Names {
    /// Read once a handshake, and written hardly ever.
    table: RwLock<Arc<Table>>,
}

#[derive(Debug)]
struct Table {
    by_name: HashMap<String, Arc<CertifiedKey>>,
    /// For those who ask for none of the names, or for no name.
    first: Option<Arc<CertifiedKey>>,
}

impl Names {
    pub(super) fn new(certificates: impl IntoIterator<Item = Certificate>) -> Option<Names> {
        Table::new(certificates).map(|table| Names { table: RwLock::new(Arc::new(table)) })
    }

    /// Other certificates, from the next handshake on; `false` if there are none.
    pub(super) fn replace(&self, certificates: impl IntoIterator<Item = Certificate>) -> bool {
        let Some(table) = Table::new(certificates) else { return false };
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        true
    }
}

impl Table {
    fn new(certificates: impl IntoIterator<Item = Certificate>) -> Option<Table> {
        let (mut by_name, mut first) = (HashMap::new(), None);
        for certificate in certificates {
            first.get_or_insert_with(|| certificate.key.clone());
            for name in certificate.names() {
                by_name.entry(name.clone()).or_insert_with(|| certificate.key.clone());
            }
        }
        first.is_some().then_some(Table { by_name, first })
    }

    fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let by_name = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let exact = self.by_name.get(&name);
            exact.or_else(|| self.by_name.get(&format!("*.{}", name.split_once('.')?.1)))
        });
        by_name.or(self.first.as_ref()).cloned()
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        ASKED_FOR.set(name.map(String::from));
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner).clone();
        table.find(name)
    }
}
