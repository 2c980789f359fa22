//! What the bare loop asks of the kernel, piece by piece, so that each piece can be left out and its worth measured.

/// One choice for each thing that the kernel offers.
#[derive(Clone, Copy)]
pub struct Setup {
    pub single_issuer: bool,
    pub defer_taskrun: bool,
    pub coop_taskrun: bool,
    pub taskrun_flag: bool,
    pub no_sqarray: bool,
    pub registered_ring: bool,
    pub direct_descriptors: bool,
    pub multishot_receive: bool,
    pub no_iowait: bool,
    /// Buffers in the ring, a power of two. The kernel takes the one that was not used for longest, so many of them are as many
    /// misses of the cache; with less than there are requests in a turn, receives end for want of one.
    pub buffers: u16,
}

/// A named deviation from [`Setup::BEST`].
pub struct Variant {
    pub name: &'static str,
    change: fn(&mut Setup),
}

impl Setup {
    pub const BEST: Self = Self {
        single_issuer: true,
        defer_taskrun: true,
        coop_taskrun: true,
        taskrun_flag: false,
        no_sqarray: true,
        registered_ring: true,
        direct_descriptors: true,
        multishot_receive: true,
        no_iowait: false,
        buffers: 128,
    };

    /// The set-up of that name.
    pub fn named(name: &str) -> Option<Self> {
        let variant = VARIANTS.iter().find(|variant| variant.name == name)?;
        let mut setup = Self::BEST;
        (variant.change)(&mut setup);
        Some(setup)
    }
}

/// Every deviation that is measured.
pub const VARIANTS: &[Variant] = &[
    Variant { name: "plain-descriptors", change: |setup| setup.direct_descriptors = false },
    Variant { name: "plain-ring", change: |setup| setup.registered_ring = false },
    Variant { name: "sqarray", change: |setup| setup.no_sqarray = false },
    Variant { name: "taskrun-flag", change: |setup| setup.taskrun_flag = true },
    Variant { name: "no-iowait", change: |setup| setup.no_iowait = true },
    Variant { name: "buffers-1024", change: |setup| setup.buffers = 1024 },
    Variant { name: "buffers-4096", change: |setup| setup.buffers = 4096 },
    Variant { name: "single-shot", change: |setup| setup.multishot_receive = false },
    Variant { name: "coop-not-defer", change: |setup| setup.defer_taskrun = false },
    Variant {
        name: "neither-coop-nor-defer",
        change: |setup| {
            setup.defer_taskrun = false;
            setup.coop_taskrun = false;
        },
    },
    Variant {
        name: "no-flags",
        change: |setup| {
            *setup = Setup {
                single_issuer: false,
                defer_taskrun: false,
                coop_taskrun: false,
                no_sqarray: false,
                registered_ring: false,
                direct_descriptors: false,
                ..*setup
            };
        },
    },
];
