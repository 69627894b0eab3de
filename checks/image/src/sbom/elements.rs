//! A reader of JSON that ends at an element of a list that is too large: readers of such elements
//! hold each as a whole, many times larger than it is.

use std::io::{self, BufRead, Read};

/// Bytes of an element.
const MOST: u64 = 4 * 1024 * 1024;

/// How deep an element lies: in a list of the document, or in an object of it. A text counts
/// wherever it is.
const DEPTH: usize = 3;

/// Passes bytes on, and counts those of the element at hand.
pub(super) struct Elements<R> {
    inner: R,
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    count: u64,
}

impl<R: BufRead> Elements<R> {
    /// Reads from `inner`.
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            depth: 0,
            in_text: false,
            is_escaped: false,
            count: 0,
        }
    }

    fn look(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            self.count += 1;
            if self.count > MOST {
                let why = format!("an element of it is larger than {MOST} bytes");
                return Err(io::Error::other(why));
            }
            if self.in_text {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth < DEPTH {
                self.count = 0;
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Elements<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.look(&out[..count])?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<usize> {
        let mut out = Vec::new();
        Elements::new(text.as_bytes()).read_to_end(&mut out)
    }

    #[test]
    fn only_elements_are_bounded() {
        let zeros = "0,".repeat(MOST as usize);
        assert!(read(&format!("{{\"a\":[{zeros}0]}}")).is_ok());
        assert!(read(&format!("{{\"a\":[[{zeros}0]]}}")).is_err());
        assert!(read(&format!("{{\"a\":{{\"b\":[{zeros}")).is_err());
        let elements = format!("[{}],", "0,".repeat(1000)).repeat(5000);
        assert!(read(&format!("{{\"a\":[{elements}0]}}")).is_ok());
        let text = format!(
            "{{\"a\":[\"{}\\\"[{{\",1]}}",
            "[[{".repeat(MOST as usize / 2)
        );
        assert!(read(&text).is_err());
    }
}
