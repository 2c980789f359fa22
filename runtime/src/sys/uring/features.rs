//! What newer kernels offer beyond the least that the driver needs.

use std::fmt;

/// Something that the driver does without where the kernel does not have it, or refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// One accept, receive or poll completes many times.
    Multishot,
    /// Receives take a buffer when there is something for it.
    BufferRings,
    /// A ring wakes another one.
    MsgRing,
    /// Entering looks no descriptor up.
    RingFd,
    /// The kernel knows that one thread uses the ring.
    SingleIssuer,
    /// The kernel finishes operations when the ring is entered, and at no other time.
    DeferTaskrun,
    /// The kernel finishes operations without an interrupt.
    CoopTaskrun,
    /// The queue of submissions needs no index.
    NoSqarray,
}

impl Feature {
    pub(crate) const ALL: [Feature; 8] = [
        Feature::Multishot,
        Feature::BufferRings,
        Feature::MsgRing,
        Feature::RingFd,
        Feature::SingleIssuer,
        Feature::DeferTaskrun,
        Feature::CoopTaskrun,
        Feature::NoSqarray,
    ];

    /// What it is called where it is switched off.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Feature::Multishot => "multishot",
            Feature::BufferRings => "buffer_rings",
            Feature::MsgRing => "msg_ring",
            Feature::RingFd => "ring_fd",
            Feature::SingleIssuer => "single_issuer",
            Feature::DeferTaskrun => "defer_taskrun",
            Feature::CoopTaskrun => "coop_taskrun",
            Feature::NoSqarray => "no_sqarray",
        }
    }

    /// The first kernel that has it.
    pub(crate) fn since(self) -> &'static str {
        match self {
            Feature::MsgRing | Feature::RingFd => "5.18",
            Feature::BufferRings | Feature::CoopTaskrun => "5.19",
            Feature::Multishot | Feature::SingleIssuer => "6.0",
            Feature::DeferTaskrun => "6.1",
            Feature::NoSqarray => "6.6",
        }
    }
}

/// A set of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features(u8);

impl Features {
    pub(crate) const NONE: Features = Features(0);
    pub(crate) const ALL: Features = Features(u8::MAX);

    /// Reads names with commas between them.
    pub(crate) fn parse(text: &str) -> Result<Features, String> {
        let mut features = Features::NONE;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let found = Feature::ALL.into_iter().find(|feature| feature.name() == name);
            features = features.with(found.ok_or_else(|| {
                format!("io_uring has no feature `{name}` that can be left out; there are {}", Features::ALL)
            })?);
        }
        Ok(features)
    }

    #[inline]
    pub(crate) fn has(self, feature: Feature) -> bool {
        self.0 & 1 << feature as u8 != 0
    }

    pub(crate) fn with(self, feature: Feature) -> Features {
        Features(self.0 | 1 << feature as u8)
    }

    pub(crate) fn without(self, others: Features) -> Features {
        Features(self.0 & !others.0)
    }

    pub(super) fn without_one(self, feature: Feature) -> Features {
        self.without(Features::NONE.with(feature))
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Feature::ALL.into_iter().filter(|feature| self.has(*feature)).map(Feature::name);
        f.write_str(names.next().unwrap_or("no feature that can be left out"))?;
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_what_its_names_say() {
        let two = Features::parse("msg_ring, multishot,").unwrap();
        assert_eq!(two, Features::NONE.with(Feature::Multishot).with(Feature::MsgRing));
        assert_eq!(two.to_string(), "multishot, msg_ring");
        assert_eq!(Features::parse("").unwrap(), Features::NONE);
        assert_eq!(Features::parse(&Features::ALL.to_string()).unwrap(), Features::ALL);
        let rest = Features::ALL.without(two);
        assert!(!rest.has(Feature::MsgRing) && !rest.has(Feature::Multishot) && rest.has(Feature::RingFd));
        let error = Features::parse("multishot,sqpoll").unwrap_err();
        assert!(
            error.starts_with("io_uring has no feature `sqpoll` that can be left out; there are multishot, ")
        );
    }
}
