//! A library that is opened when it is needed, dlopen(3), and never closed: what its threads do
//! goes on until the process ends.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

use std::ffi::{CStr, CString, c_void};

/// An open library.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loaded(*mut c_void);

impl Loaded {
    /// Opens a library by its path, or by its name where the loader finds it; with `global` its symbols are there
    /// for what it opens itself.
    pub(crate) fn open(path: &str, global: bool) -> Result<Self, String> {
        let name = CString::new(path).map_err(|_| format!("{path:?} is no path"))?;
        let scope = if global {
            libc::RTLD_GLOBAL
        } else {
            libc::RTLD_LOCAL
        };
        // SAFETY: a string that ends with a zero; what its constructors do is the library's.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | scope) };
        if !handle.is_null() {
            return Ok(Self(handle));
        }
        // SAFETY: what dlerror(3) returns is null or a string until its next call on this thread.
        let said = unsafe { libc::dlerror().as_ref().map(|said| CStr::from_ptr(said)) };
        let said = said.map(|said| said.to_string_lossy().into_owned());
        Err(said.unwrap_or_else(|| format!("{path} cannot be opened")))
    }

    /// Where a symbol is.
    pub(crate) fn address(&self, name: &CStr) -> Option<*mut c_void> {
        // SAFETY: the library is open, and the name ends with a zero.
        let address = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        (!address.is_null()).then_some(address)
    }

    /// A function of that name.
    ///
    /// # Safety
    ///
    /// `F` is the type of a function pointer, as the library declares that function.
    pub(crate) unsafe fn function<F: Copy>(&self, name: &CStr) -> Result<F, String> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        let address = self
            .address(name)
            .ok_or_else(|| format!("the library has no {}", name.to_string_lossy()))?;
        // SAFETY: of that size, and what the caller says it is.
        Ok(unsafe { std::mem::transmute_copy(&address) })
    }

    /// The file that a symbol of it comes from, with links followed: dladdr(3).
    pub(crate) fn file(&self, name: &CStr) -> Option<String> {
        let address = self.address(name)?;
        let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: an address in a library that is open; what is written is valid as zeros, too.
        let found = unsafe {
            libc::dladdr(address, found.as_mut_ptr());
            found.assume_init()
        };
        if found.dli_fname.is_null() {
            return None;
        }
        // SAFETY: a string of the loader, which lives as long as the library is open.
        let path = unsafe { CStr::from_ptr(found.dli_fname) };
        let path = path.to_string_lossy().into_owned();
        Some(match std::fs::canonicalize(&path) {
            Ok(file) => file.display().to_string(),
            Err(_) => path,
        })
    }
}

/// The release of the GNU C library that this process runs with, gnu_get_libc_version(3); none where it is another.
pub fn c_library() -> Option<String> {
    type Release = extern "C" fn() -> *const std::ffi::c_char;
    let library = Loaded::open("libc.so.6", false).ok()?;
    // SAFETY: as gnu/libc-version.h declares it.
    let release: Release = unsafe { library.function(c"gnu_get_libc_version").ok()? };
    let said = release();
    // SAFETY: null, or a string that is there as long as the process.
    let said = unsafe { said.as_ref().map(|said| CStr::from_ptr(said)) };
    said.map(|said| said.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_says_where_it_is() {
        let library = Loaded::open("libc.so.6", false).unwrap();
        assert!(library.file(c"malloc").unwrap().contains("/libc"));
        assert_eq!(library.file(c"no_such_symbol"), None);
        let none = Loaded::open("/nonexistent.so", true).unwrap_err();
        assert!(none.contains("/nonexistent.so"), "{none}");
        assert!(Loaded::open("a\0b", true).unwrap_err().contains("no path"));
    }
}
