//! Error numbers and their names, errno(3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An error number of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Errno(pub i32);

/// Declares the numbers by name, once, so that a name and its number cannot drift apart.
macro_rules! errnos {
    ($($name:ident)*) => {
        impl Errno {
            $(#[doc = concat!("`", stringify!($name), "`")]
            pub const $name: Self = Self(libc::$name);)*

            /// The symbolic name, such as `EPERM`.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $(libc::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM ENOENT EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT EBUSY
    EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC EROFS
    EPIPE ELOOP ENAMETOOLONG ENOSYS ENOTEMPTY ENODATA EOVERFLOW EUSERS EOPNOTSUPP ETIMEDOUT
    ESRCH EDQUOT ENOKEY EPROTO ENOTSOCK ECONNREFUSED EINPROGRESS EALREADY ENOTBLK ESPIPE EMLINK
    EDOM ERANGE EDEADLK ENOLCK ENOMSG ENOTUNIQ EBADFD EBADMSG ENOSTR ETIME ENOLINK EREMOTE ESTALE
    EILSEQ EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT
    EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED
    ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN EHOSTDOWN EHOSTUNREACH EREMOTEIO ENOMEDIUM
    EMEDIUMTYPE ECANCELED EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_number_has_its_name() {
        assert_eq!(Errno::EPERM.to_string(), "EPERM");
        assert_eq!(Errno(4095).to_string(), "errno 4095");
    }
}
