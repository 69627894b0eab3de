//! The host's driver of a GPU in the place of an image's: whether it is new enough, and what becomes of it
//! where the image has NVIDIA's package for older drivers, whose library is used then.

use hpcctl_model::abi::AbiVerdict;

use crate::check::lacks_since;
use crate::closure::{Closure, Injected, Loaded};
use crate::driver::{self, Mismatch};
use crate::gpu;
use crate::judge::{Case, Found, cut};
use crate::libc::Libc;
use crate::plan::HostChoice;
use crate::programs::Using;
use crate::reasons::{reason, told};
use crate::root::{Object, Root};
use crate::search::{Search, directory};

/// Whether the driver is new enough for what the image was built with; where it is not, the library of
/// the image that is for that.
pub(crate) fn of_driver(case: &Case<'_>, host_path: &str, found: &mut Found) -> Option<String> {
    match driver::compare(case.image, host_path)? {
        Mismatch::TooOld {
            text,
            needs,
            may_help,
        } => {
            found.add(reason("driver", text), AbiVerdict::Fails);
            let package = match may_help {
                true => {
                    ", or with the package cuda-compat of its own release (data centre GPUs only)"
                }
                false => "",
            };
            found.fixes.extend([
                format!("build the image with an older CUDA toolkit{package}"),
                format!("install driver {needs} or newer on the host"),
            ]);
            None
        }
        Mismatch::Doubtful { text } => {
            found.add(reason("driver", text), AbiVerdict::Unknown);
            None
        }
        Mismatch::Compatible { text, package } => {
            let dir = directory(&package);
            found.add(reason("driver", text), AbiVerdict::Degraded);
            found.fixes.push(format!(
                "leave the host's {} out, and set LD_LIBRARY_PATH={dir} in the container",
                driver::DRIVER
            ));
            Some(package)
        }
    }
}

/// The directory of the library of a package for older drivers, which is to load in the image.
pub(crate) fn load(
    case: &Case<'_>,
    using: &Using,
    search: &Search<'_>,
    path: &str,
    found: &mut Found,
) -> String {
    let none = Injected::default();
    let mut closure = Closure::of(&using.object, search, &none);
    let mark = closure.mark();
    if let Some(object) = Root::find(case.image, path) {
        let loaded = Loaded {
            object,
            path: path.to_owned(),
            parent: 0,
        };
        closure.add(loaded, search, &none);
    }
    cut(&closure, found);
    for lack in lacks_since(&closure, &mark, search.libc == Libc::Glibc) {
        let (reason, verdict) = told(&lack);
        found.add(reason, verdict);
    }
    directory(path).to_owned()
}

/// Leaves the library of the driver to the image, and what that opens as it runs.
pub(crate) fn leave_driver(injected: &mut Injected, choice: &HostChoice<'_>, name: &str) {
    if name == driver::DRIVER {
        *injected = Injected::default();
        return;
    }
    let is_driver = |object: &Object| object.linkage.soname.as_deref() == Some(driver::DRIVER);
    let mut put = injected.beside.values().chain(injected.over.values());
    let opened = put.find(|object| is_driver(object));
    let opened = opened.map_or_else(Vec::new, |object| gpu::opened(object, choice.root));
    let stays = |object: &Object| {
        let soname = object.linkage.soname.as_ref();
        !is_driver(object) && !soname.is_some_and(|soname| opened.contains(soname))
    };
    injected.beside.retain(|_, object| stays(object));
    injected.over.retain(|_, object| stays(object));
}
