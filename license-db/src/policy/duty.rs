//! What a licence asks of whoever passes the software on.

/// One thing to do, in the order in which reports list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// Keep the copyright statements and the notice.
    Notice,
    /// Pass on the text of the licence.
    LicenseText,
    /// Offer the corresponding source.
    SourceOffer,
    /// Offer the source to users over a network as well.
    NetworkSource,
    /// Leave the files as their holder made them, with the holder's terms.
    VendorTerms,
}

impl Duty {
    /// All of them, in order.
    pub(super) const ALL: [Self; 5] = [
        Self::Notice,
        Self::LicenseText,
        Self::SourceOffer,
        Self::NetworkSource,
        Self::VendorTerms,
    ];

    /// The stable id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::LicenseText => "license-text",
            Self::SourceOffer => "source-offer",
            Self::NetworkSource => "network-source",
            Self::VendorTerms => "vendor-terms",
        }
    }

    /// What to do, in one sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::Notice => "Keep the copyright statements and licence notices with the image.",
            Self::LicenseText => "Pass on the full text of the licence with the image.",
            Self::SourceOffer => {
                "Publish the corresponding source, or directions to it, beside the image for as long as the image is offered."
            }
            Self::NetworkSource => {
                "Offer the corresponding source to whoever uses the software over a network."
            }
            Self::VendorTerms => {
                "Pass the files on unmodified, with the terms of their holder and the notices that these ask for."
            }
        }
    }
}
