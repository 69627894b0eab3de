//! The library itself: its version, its file, and the providers that it offers for messages.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use serde::{Deserialize, Serialize};

use super::abi::{self, Info};
use super::endpoint::Endpoint;
use crate::loaded::Loaded;

/// The name of both 1.x and 2.x, for whoever's loader finds it.
const NAME: &str = "libfabric.so.1";

/// The most that is looked at of what it offers.
const OFFERS: usize = 4096;

/// The most networks that are told of a provider.
const NETWORKS: usize = 8;

/// The providers whose messages are the kernel's sockets.
const SOCKETS: [&str; 4] = ["tcp", "udp", "sockets", "net"];

/// What a provider is made of beside the one that moves bytes begins with that.
const LAYER: &str = "ofi_";

/// A provider that has messages to many others, matched by a tag: what an MPI uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The name, with its layers, such as `tcp;ofi_rxm`.
    pub name: String,
    /// Its version, in the library's own numbering.
    pub version: String,
    /// The networks that it reaches, the first is used where none is asked for; eight at most.
    pub networks: Vec<String>,
}

impl Provider {
    /// The one of its layers that moves bytes.
    fn core(&self) -> &str {
        let mut layers = self.name.split(';');
        layers
            .find(|layer| !layer.starts_with(LAYER))
            .unwrap_or(&self.name)
    }

    /// Whether it is that provider, with whatever layers.
    pub fn is(&self, name: &str) -> bool {
        self.core() == name
    }

    /// Whether what it sends goes through sockets of the kernel.
    pub fn is_of_sockets(&self) -> bool {
        SOCKETS.contains(&self.core())
    }
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of its interface, such as `1.17`.
    pub version: String,
    /// The file that it is, without links.
    pub file: Option<String>,
    /// What it offers, as it ranks them.
    pub providers: Vec<Provider>,
}

/// The open library.
#[derive(Debug)]
pub struct Library {
    loaded: Loaded,
    get: abi::GetInfo,
    make: abi::DupInfo,
    free: abi::FreeInfo,
    explain: abi::Explain,
    version: abi::Version,
}

/// What it offers, given back when this is dropped.
#[derive(Debug)]
pub struct Offers<'a> {
    first: *mut Info,
    library: &'a Library,
}

impl Library {
    /// Opens the one that the loader finds.
    ///
    /// # Errors
    ///
    /// When there is none, or it lacks a function.
    pub fn open() -> Result<Self, String> {
        let loaded = Loaded::open(NAME, false).map_err(|why| {
            format!(
                "there is no libfabric: {why}; load its module, or name its directory in LD_LIBRARY_PATH"
            )
        })?;
        Self::of(loaded)
    }

    fn of(loaded: Loaded) -> Result<Self, String> {
        // SAFETY: each type is that of the function in rdma/fabric.h and fi_errno.h.
        unsafe {
            Ok(Self {
                get: loaded.function(c"fi_getinfo")?,
                make: loaded.function(c"fi_dupinfo")?,
                free: loaded.function(c"fi_freeinfo")?,
                explain: loaded.function(c"fi_strerror")?,
                version: loaded.function(c"fi_version")?,
                loaded,
            })
        }
    }

    /// What it offers for messages, which is asked once: it may take long.
    ///
    /// # Errors
    ///
    /// When it offers nothing.
    pub fn offers(&self) -> Result<Offers<'_>, String> {
        let hints = (self.make)(ptr::null());
        if hints.is_null() {
            return Err("fi_dupinfo makes nothing".into());
        }
        // Given back in the end, as the offers are.
        let hints = Offers {
            first: hints,
            library: self,
        };
        // SAFETY: a structure that the library made, with all of its parts.
        unsafe { ask_for_messages(hints.first)? };
        let mut first = ptr::null_mut();
        let none = ptr::null();
        let got = (self.get)(abi::VERSION, none, none, 0, hints.first, &raw mut first);
        if got != 0 {
            let why = explained(self.explain, got);
            return Err(format!("libfabric has no provider for messages: {why}"));
        }
        Ok(Offers {
            first,
            library: self,
        })
    }
}

/// Asks for endpoints that send to many others, matched by a tag and in order.
///
/// # Safety
///
/// `hints` is what `fi_dupinfo` made of nothing.
unsafe fn ask_for_messages(hints: *mut Info) -> Result<(), String> {
    // SAFETY: what the caller says; each part is there, or else it is left alone.
    unsafe {
        let hints = &mut *hints;
        let (Some(endpoint), Some(domain), Some(send), Some(receive)) = (
            hints.ep_attr.as_mut(),
            hints.domain_attr.as_mut(),
            hints.tx_attr.as_mut(),
            hints.rx_attr.as_mut(),
        ) else {
            return Err("fi_dupinfo makes no whole".into());
        };
        hints.caps = abi::TAGGED;
        hints.mode = abi::CONTEXTS;
        endpoint.kind = abi::RELIABLE;
        send.msg_order = abi::IN_ORDER;
        receive.msg_order = abi::IN_ORDER;
        domain.threading = abi::ONE_THREAD;
        domain.control_progress = abi::MANUAL;
        domain.data_progress = abi::MANUAL;
        domain.mr_mode = abi::MR_LOCAL | abi::MR_ENDPOINT | abi::MR_OTHERS;
    }
    Ok(())
}

impl Offers<'_> {
    /// What the library is, and what it offers.
    pub fn about(&self) -> About {
        let version = (self.library.version)();
        let mut providers: Vec<Provider> = Vec::new();
        for info in self.iter() {
            let (name, number, network) = described(info);
            let known = providers.iter_mut().find(|it| it.name == name);
            match known {
                Some(known) if known.networks.contains(&network) => {}
                Some(known) if known.networks.len() < NETWORKS => known.networks.push(network),
                Some(_) => {}
                None => providers.push(Provider {
                    name,
                    version: number,
                    networks: vec![network],
                }),
            }
        }
        About {
            version: format!("{}.{}", version >> 16, version & 0xffff),
            file: self.library.loaded.file(c"fi_getinfo"),
            providers,
        }
    }

    /// Opens an endpoint of a provider, by its name with all layers, with so many bytes of memory.
    ///
    /// # Errors
    ///
    /// When there is no such provider, or it fails.
    pub fn endpoint(&self, provider: &str, bytes: usize) -> Result<Endpoint, String> {
        let mut all = self.iter();
        let info = all
            .find(|info| described(info).0 == provider)
            .ok_or_else(|| format!("libfabric has no provider {provider} here"))?;
        let Library {
            loaded, explain, ..
        } = self.library;
        // SAFETY: as rdma/fabric.h declares it.
        let open: abi::OpenFabric = unsafe { loaded.function(c"fi_fabric")? };
        Endpoint::open(info, open, bytes, *explain)
    }

    fn iter(&self) -> impl Iterator<Item = &Info> {
        // SAFETY: a list of the library, which ends with null and lives as long as this.
        let mut next = unsafe { self.first.as_ref() };
        let list = std::iter::from_fn(move || {
            let info = next?;
            // SAFETY: as above.
            next = unsafe { info.next.as_ref() };
            Some(info)
        });
        list.take(OFFERS)
    }
}

impl Drop for Offers<'_> {
    fn drop(&mut self) {
        (self.library.free)(self.first);
    }
}

/// The provider, its version and the network of an offer.
fn described(info: &Info) -> (String, String, String) {
    // SAFETY: parts of what the library made, or null.
    let (fabric, domain) = unsafe { (info.fabric_attr.as_ref(), info.domain_attr.as_ref()) };
    let name = fabric.map_or_else(String::new, |it| text(it.prov_name));
    let number = fabric.map_or(0, |it| it.prov_version);
    let network = [
        domain.map_or_else(String::new, |it| text(it.name)),
        fabric.map_or_else(String::new, |it| text(it.name)),
    ];
    let version = format!("{}.{}", number >> 16, number & 0xffff);
    (name, version, network.join(" "))
}

/// A string of the library.
fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: it ends with a zero, as all of its strings do.
    let text = unsafe { CStr::from_ptr(from) };
    text.to_string_lossy().into_owned()
}

/// An error in its words; it gives them as negative numbers.
pub(super) fn explained(explain: abi::Explain, code: c_int) -> String {
    format!("{} ({code})", text(explain(code.saturating_abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str) -> Provider {
        Provider {
            name: name.into(),
            version: "1.0".into(),
            networks: Vec::new(),
        }
    }

    #[test]
    fn a_provider_is_what_moves_its_bytes() {
        assert!(provider("tcp;ofi_rxm").is("tcp"));
        assert!(provider("ofi_hook_perf;verbs;ofi_rxm").is("verbs"));
        for (name, of_sockets) in [
            ("tcp", true),
            ("udp;ofi_rxd", true),
            ("sockets", true),
            ("shm", false),
            ("cxi", false),
            ("verbs;ofi_rxm", false),
        ] {
            assert_eq!(provider(name).is_of_sockets(), of_sockets, "{name}");
        }
    }

    #[test]
    fn what_is_no_libfabric_is_told() {
        let other = Loaded::open("libc.so.6", false).unwrap();
        let why = Library::of(other).unwrap_err();
        assert_eq!(why, "the library has no fi_getinfo");
    }
}
