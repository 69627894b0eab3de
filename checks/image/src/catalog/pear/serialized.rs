//! Values in the form of PHP's `serialize()`, as its manual has it: null, booleans, numbers,
//! strings and arrays. Objects are nothing that a description holds.

use std::borrow::Cow;

/// How deep arrays lie in arrays, and how many values are kept.
const DEEPEST: usize = 64;
const MOST_VALUES: usize = 500_000;

/// A value that was read.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// An array: keys and values.
    Array(Vec<(Cow<'a, str>, Value<'a>)>),
    /// Anything else.
    Other,
}

impl<'a> Value<'a> {
    /// What lies below these keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Self> {
        let Some((key, rest)) = keys.split_first() else {
            return Some(self);
        };
        let Self::Array(pairs) = self else {
            return None;
        };
        let (_, value) = pairs.iter().find(|(name, _)| name == key)?;
        value.at(rest)
    }

    /// The string below these keys, where there is one that is not empty.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        match self.at(keys)? {
            Self::Text(text) if !text.is_empty() => Some(text.clone().into_owned()),
            _ => None,
        }
    }

    /// The values of an array.
    pub(super) fn values(&self) -> impl Iterator<Item = &Self> {
        let pairs: &[_] = match self {
            Self::Array(pairs) => pairs,
            _ => &[],
        };
        pairs.iter().map(|(_, value)| value)
    }

    /// The elements of the list below these keys; one alone stands there without a list.
    pub(super) fn each(&self, keys: &[&str]) -> impl Iterator<Item = &Self> {
        let below = self.at(keys);
        let is_list = below.is_some_and(|value| value.at(&["0"]).is_some());
        let list = below.filter(|_| is_list);
        let alone = below.filter(|_| !is_list);
        list.into_iter().flat_map(Self::values).chain(alone)
    }
}

/// Reads the one value of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, String> {
    let mut reader = Reader {
        bytes,
        at: 0,
        left: MOST_VALUES,
    };
    match reader.value(DEEPEST) {
        Some(value) => Ok(value),
        None if reader.left == 0 => Err(format!("it has more than {MOST_VALUES} parts")),
        None => Err(format!(
            "it is not what PHP serializes, from byte {}",
            reader.at
        )),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let kind = *self.bytes.get(self.at)?;
        self.at += 1;
        match kind {
            b'N' => self.expect(b";").map(|()| Value::Other),
            b'b' | b'i' | b'd' => self.until(b';').map(|_| Value::Other),
            b's' => self.string().map(Value::Text),
            b'a' => self.array(depth.checked_sub(1)?),
            _ => None,
        }
    }

    /// `:COUNT:{` keys and values `}`
    fn array(&mut self, depth: usize) -> Option<Value<'a>> {
        self.expect(b":")?;
        let count: usize = self.until(b':')?.parse().ok()?;
        self.expect(b"{")?;
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.key()?, self.value(depth)?));
        }
        self.expect(b"}")?;
        Some(Value::Array(pairs))
    }

    /// A string, or a number in its decimal form.
    fn key(&mut self) -> Option<Cow<'a, str>> {
        let kind = *self.bytes.get(self.at)?;
        self.at += 1;
        match kind {
            b's' => self.string(),
            b'i' => {
                self.expect(b":")?;
                self.until(b';').map(Cow::Borrowed)
            }
            _ => None,
        }
    }

    /// `:LENGTH:"` bytes `";`
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b":")?;
        let length: usize = self.until(b':')?.parse().ok()?;
        self.expect(b"\"")?;
        let end = self.at.checked_add(length)?;
        let text = String::from_utf8_lossy(self.bytes.get(self.at..end)?);
        self.at = end;
        self.expect(b"\";")?;
        Some(text)
    }

    fn expect(&mut self, what: &[u8]) -> Option<()> {
        let is_there = self.bytes.get(self.at..)?.starts_with(what);
        is_there.then(|| self.at += what.len())
    }

    /// The short text up to a byte, which is passed.
    fn until(&mut self, end: u8) -> Option<&'a str> {
        const LONGEST: usize = 40;
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take(LONGEST).position(|byte| *byte == end)?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_one_alone() {
        let list = read(b"a:1:{s:1:\"a\";a:2:{i:0;s:1:\"x\";i:1;d:0.5;}}").unwrap();
        assert_eq!(list.each(&["a"]).count(), 2);
        let alone = read(b"a:1:{s:1:\"a\";a:1:{s:1:\"n\";s:1:\"x\";}}").unwrap();
        let named: Vec<_> = alone
            .each(&["a"])
            .filter_map(|one| one.text(&["n"]))
            .collect();
        assert_eq!(named, ["x"]);
        assert_eq!(alone.each(&["b"]).count(), 0);
    }

    #[test]
    fn what_is_deep_or_lies_about_its_size_is_refused() {
        let deep = b"a:1:{i:0;".repeat(100_000);
        for hostile in [
            &deep[..],
            b"a:99999999999:{i:0;N;",
            b"s:18446744073709551615:\"a\";",
        ] {
            assert!(read(hostile).is_err());
        }
        let wide = [
            b"a:600000:{".to_vec(),
            b"i:0;N;".repeat(600_000),
            b"}".to_vec(),
        ]
        .concat();
        assert_eq!(read(&wide).unwrap_err(), "it has more than 500000 parts");
    }
}
