//! What a server's message says.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// What servers may send in one datagram without risking that it is lost in pieces (DNS Flag Day 2020).
const DATAGRAM_MAX: u16 = 1232;
/// Aliases that are followed within one message.
const ALIASES_MAX: usize = 16;

/// A question for a server.
pub(super) fn question(id: u16, name: &Name, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.id = id;
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(DATAGRAM_MAX);
    message.set_edns(edns);
    message
}

/// Whether a message answers just this question.
pub(super) fn answers(message: &Message, question: &Message) -> bool {
    let (Some(asked), [answered]) = (question.queries.first(), &message.queries[..]) else { return false };
    message.metadata.message_type == MessageType::Response
        && message.metadata.id == question.metadata.id
        && answered.query_type() == asked.query_type()
        && answered.query_class() == asked.query_class()
        && answered.name().to_lowercase() == asked.name().to_lowercase()
}

/// What is known of a name, in one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Addresses {
        ips: Vec<IpAddr>,
        lifetime: Duration,
    },
    /// The name has no addresses of this family.
    NoAddress {
        lifetime: Duration,
    },
    /// There is no such name.
    NoName {
        lifetime: Duration,
    },
    /// Ask for this one instead.
    Alias {
        name: Name,
        lifetime: Duration,
    },
}

impl Found {
    pub(super) fn lifetime(&self) -> Duration {
        match self {
            Found::Addresses { lifetime, .. }
            | Found::NoAddress { lifetime }
            | Found::NoName { lifetime }
            | Found::Alias { lifetime, .. } => *lifetime,
        }
    }
}

/// What the message says of `name`; an error if the server could not tell.
pub(super) fn read(message: &Message, name: &Name, kind: RecordType) -> Result<Found, ResponseCode> {
    let mut name = name.to_lowercase();
    let mut seconds = u32::MAX;
    let of = |name: &Name| {
        let name = name.clone();
        let about =
            move |record: &&Record| record.dns_class == DNSClass::IN && record.name.to_lowercase() == name;
        message.answers.iter().filter(about)
    };
    let mut aliases = 0;
    while let Some((record, alias)) = of(&name).find_map(|record| match &record.data {
        RData::CNAME(alias) => Some((record, alias)),
        _ => None,
    }) {
        aliases += 1;
        if aliases > ALIASES_MAX {
            return Err(ResponseCode::ServFail);
        }
        seconds = seconds.min(record.ttl);
        name = alias.0.to_lowercase();
    }
    let mut ips = Vec::new();
    for record in of(&name) {
        let ip = match &record.data {
            RData::A(ip) if kind == RecordType::A => IpAddr::from(ip.0),
            RData::AAAA(ip) if kind == RecordType::AAAA => IpAddr::from(ip.0),
            _ => continue,
        };
        seconds = seconds.min(record.ttl);
        ips.push(ip);
    }
    let lifetime = Duration::from_secs(seconds.into());
    match message.metadata.response_code {
        _ if !ips.is_empty() => Ok(Found::Addresses { ips, lifetime }),
        ResponseCode::NXDomain => Ok(Found::NoName { lifetime: lifetime.min(nothing_for(message)) }),
        ResponseCode::NoError if aliases > 0 && !has_authority(message) => {
            Ok(Found::Alias { name, lifetime })
        }
        ResponseCode::NoError => Ok(Found::NoAddress { lifetime: lifetime.min(nothing_for(message)) }),
        code => Err(code),
    }
}

/// Whether somebody says that there is nothing behind the last alias.
fn has_authority(message: &Message) -> bool {
    message.authorities.iter().any(|record| matches!(record.data, RData::SOA(_)))
}

/// How long it may be believed that there is nothing (RFC 2308, section 5).
fn nothing_for(message: &Message) -> Duration {
    let mut authorities = message.authorities.iter();
    let seconds = authorities.find_map(|record| match &record.data {
        RData::SOA(authority) => Some(record.ttl.min(authority.minimum)),
        _ => None,
    });
    Duration::from_secs(seconds.unwrap_or(0).into())
}
