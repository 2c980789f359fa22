//! The file of names that are not asked for (hosts(5)).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses by name, in small letters.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    by_name: HashMap<String, Vec<IpAddr>>,
}

impl Hosts {
    /// Lines that make no sense are skipped.
    pub(super) fn parse(text: &str) -> Hosts {
        let mut hosts = Hosts::default();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
            let Some(Ok(ip)) = words.next().map(str::parse) else { continue };
            for name in words {
                let ips = hosts.by_name.entry(name.to_ascii_lowercase()).or_default();
                if !ips.contains(&ip) {
                    ips.push(ip);
                }
            }
        }
        hosts
    }

    /// The addresses of a name, if they are known without asking.
    pub(super) fn find(&self, name: &str) -> Option<Vec<IpAddr>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let known = self.by_name.get(&name).cloned();
        // This is not for servers to say (RFC 6761, 6.3).
        let is_local = name == "localhost" || name.ends_with(".localhost");
        known.or_else(|| is_local.then(|| vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_an_address_many_names_and_a_name_has_many_addresses() {
        let hosts = Hosts::parse(
            "# local\n192.0.2.1 Printer printer.example # upstairs\n2001:db8::1\tprinter\nnonsense x\n\n192.0.2.1 printer",
        );
        let both = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        assert_eq!(hosts.find("PRINTER."), Some(both));
        assert_eq!(hosts.find("printer.example"), Some(vec!["192.0.2.1".parse().unwrap()]));
        assert_eq!(hosts.find("x"), None);
    }

    #[test]
    fn localhost_is_here_whatever_the_file_says_of_others() {
        assert_eq!(Hosts::default().find("localhost").unwrap().len(), 2);
        assert_eq!(Hosts::default().find("any.localhost.").unwrap().len(), 2);
        assert_eq!(Hosts::parse("192.0.2.9 localhost").find("localhost").unwrap().len(), 1);
    }
}
