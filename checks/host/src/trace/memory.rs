//! What is read from the memory of a tracee: strings, lists of strings, addresses of sockets.

#![expect(
    unsafe_code,
    reason = "memory of a tracee is read by the kernel, for which there is no safe wrapper"
)]

use libc::{c_int, c_void, pid_t};

/// The most bytes of a string.
const TEXT: usize = 256;

/// The most words of a program that are kept.
const WORDS: usize = 16;

/// Reads the memory of a tracee, as much as there is, until a byte that ends it.
fn memory(pid: pid_t, address: u64, bytes: &mut [u8], end: Option<u8>) -> usize {
    let mut filled = 0;
    // A string may end just before a page that is not there: read up to each page's end.
    while filled < bytes.len() {
        let Some(at) = address.checked_add(filled as u64) else {
            break;
        };
        let left = (4096 - at % 4096) as usize;
        let count = left.min(bytes.len() - filled);
        let local = libc::iovec {
            iov_base: bytes[filled..].as_mut_ptr().cast(),
            iov_len: count,
        };
        let remote = libc::iovec {
            iov_base: at as *mut c_void,
            iov_len: count,
        };
        // SAFETY: the kernel writes at most `count` bytes into what is left of the buffer.
        let read =
            unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
        if read <= 0 {
            break;
        }
        filled += read as usize;
        if end.is_some_and(|end| bytes[..filled].contains(&end)) {
            break;
        }
    }
    filled
}

/// A string in the memory of a tracee.
pub(super) fn text(pid: pid_t, address: u64) -> Option<String> {
    if address == 0 {
        return None;
    }
    let mut bytes = [0_u8; TEXT];
    let filled = memory(pid, address, &mut bytes, Some(0));
    let end = bytes[..filled]
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(filled);
    (filled > 0).then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
}

/// The first strings of a list that a null pointer ends.
pub(super) fn texts(pid: pid_t, address: u64) -> Vec<String> {
    let mut bytes = [0_u8; WORDS * size_of::<u64>()];
    let filled = memory(pid, address, &mut bytes, None);
    let (pointers, _) = bytes[..filled].as_chunks::<{ size_of::<u64>() }>();
    let pointers = pointers.iter().map(|bytes| u64::from_ne_bytes(*bytes));
    let pointers = pointers.take_while(|pointer| *pointer != 0);
    pointers.filter_map(|pointer| text(pid, pointer)).collect()
}

/// The address of a socket, unix(7), ip(7), ipv6(7); none of other families.
pub(super) fn address(pid: pid_t, at: u64) -> Option<String> {
    let mut bytes = [0_u8; size_of::<libc::sockaddr_un>()];
    let filled = memory(pid, at, &mut bytes, None);
    socket_address(&bytes[..filled])
}

fn socket_address(bytes: &[u8]) -> Option<String> {
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    match c_int::from(u16::from_ne_bytes(*family)) {
        libc::AF_UNIX => {
            let (sign, path) = match rest.split_first()? {
                (0, path) => ("@", path),
                _ => ("", rest),
            };
            let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
            Some(format!("{sign}{}", String::from_utf8_lossy(path)))
        }
        libc::AF_INET => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let address: [u8; 4] = *rest.first_chunk()?;
            let address = std::net::Ipv4Addr::from(address);
            Some(format!("{address}:{}", u16::from_be_bytes(*port)))
        }
        libc::AF_INET6 => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let address: [u8; 16] = *rest.get(4..)?.first_chunk()?;
            let address = std::net::Ipv6Addr::from(address);
            Some(format!("[{address}]:{}", u16::from_be_bytes(*port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_sockets_are_told() {
        let of = |family: c_int, rest: &[u8]| {
            let family = u16::try_from(family).unwrap().to_ne_bytes();
            socket_address(&[&family[..], rest].concat())
        };
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(of(libc::AF_UNIX, b"/run/x\0\0"), told("/run/x"));
        assert_eq!(of(libc::AF_UNIX, b"\0name\0"), told("@name"));
        assert_eq!(
            of(libc::AF_INET, &[1, 187, 127, 0, 0, 1]),
            told("127.0.0.1:443")
        );
        assert_eq!(of(libc::AF_INET, &[1]), None);
        assert_eq!(of(libc::AF_NETLINK, &[0; 10]), None);
        assert_eq!(socket_address(&[]), None);
    }
}
