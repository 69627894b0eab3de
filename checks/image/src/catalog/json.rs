//! What is needed of a JSON document, and no more: fields that hold something else than they
//! should are as if they were missing, and nothing of the rest is kept.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::Source;

/// Signs of JSON; what is read of a document takes many times as many bytes as there are of them.
const MOST_SIGNS: usize = 2_000_000;

/// Reads a document; the fault says what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(source: &Source<'_>) -> Result<T, String> {
    let bytes = source.bytes;
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_sign = |byte: &&u8| matches!(byte, b'[' | b'{' | b',' | b':' | b'"');
    if plain.len() > MOST_SIGNS && plain.iter().filter(is_sign).count() > MOST_SIGNS {
        return Err(format!("it has more than {MOST_SIGNS} parts"));
    }
    serde_json::from_slice(plain)
        .map_err(|error| format!("it is not the JSON that it should be: {error}"))
}

/// What to make of a value of each form.
trait Form: Default {
    fn of_text(_text: &str) -> Self {
        Self::default()
    }

    fn of_bool(_is: bool) -> Self {
        Self::default()
    }

    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Form> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::of_object(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_bool<E>(self, is: bool) -> Result<T, E> {
        Ok(T::of_bool(is))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

/// A string, empty where there is none.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Form for Text {
    fn of_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Text {
    /// The string, where it is not empty.
    pub(super) fn some(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }
}

/// Whether something is `true`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flag(pub(super) bool);

impl Form for Flag {
    fn of_bool(is: bool) -> Self {
        Self(is)
    }
}

/// The keys of an object.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Keys(pub(super) Vec<String>);

impl Form for Keys {
    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, _)) = object.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(Self(keys))
    }
}

/// An object of strings.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Pairs(pub(super) Vec<(String, String)>);

impl Form for Pairs {
    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, value)) = object.next_entry::<String, Text>()? {
            pairs.push((key, value.0));
        }
        Ok(Self(pairs))
    }
}

/// An object, or nothing.
#[derive(Debug, Clone)]
pub(super) struct Object<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: DeserializeOwned> Form for Object<T> {
    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = object.next_entry::<String, T>()? {
            pairs.push(pair);
        }
        Ok(Self(pairs))
    }
}

/// Names: a string, an object with `type`, `name` or `url`, or a list of these.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Names(pub(super) Vec<String>);

impl Form for Names {
    fn of_text(text: &str) -> Self {
        Self(vec![text.to_owned()])
    }

    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let (mut name, mut url) = (None, None);
        while let Some(key) = object.next_key::<String>()? {
            let value: Text = object.next_value()?;
            match key.as_str() {
                "type" | "name" if value.some().is_some() => name = Some(value.0),
                "url" if value.some().is_some() => url = Some(value.0),
                _ => {}
            }
        }
        Ok(Self(name.or(url).into_iter().collect()))
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut names = Vec::new();
        while let Some(Text(name)) = list.next_element::<NameOnly>()?.map(|NameOnly(name)| name) {
            names.push(name);
        }
        Ok(Self(names))
    }
}

/// One element of [`Names`]; lists in lists have none.
#[derive(Default)]
struct NameOnly(Text);

impl Form for NameOnly {
    fn of_text(text: &str) -> Self {
        Self(Text(text.to_owned()))
    }

    fn of_object<'de, A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        let first = Names::of_object(object)?.0.into_iter().next();
        Ok(Self(Text(first.unwrap_or_default())))
    }
}

/// Lets a form be read; one line each.
macro_rules! read_any {
    ($($form:ty $(, $bound:ident)?;)*) => {$(
        impl<'de $(, $bound: DeserializeOwned)?> Deserialize<'de> for $form {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Any(PhantomData))
            }
        }
    )*};
}

read_any! {
    Text;
    Flag;
    Keys;
    Pairs;
    Names;
    NameOnly;
    Object<T>, T;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize as Derive;

    #[derive(Debug, Default, Derive)]
    #[serde(default)]
    struct Document {
        name: Text,
        license: Names,
        needs: Keys,
        locked: Pairs,
    }

    fn document(text: &str) -> Document {
        read(&Source::whole("a.json", text.as_bytes())).unwrap()
    }

    #[test]
    fn forms() {
        let read = document(
            "\u{feff}{\"name\":\"a\",\"x\":[{}],\"license\":[\"MIT\",{\"type\":\"ISC\",\"url\":\"u\"},[1]],\
             \"needs\":{\"b\":1,\"c\":{}},\"locked\":{\"d\":\"1\",\"e\":[2]}}",
        );
        assert_eq!(read.name.some(), Some("a"));
        assert_eq!(read.license.0, ["MIT", "ISC", ""]);
        assert_eq!(read.needs.0, ["b", "c"]);
        assert_eq!(
            read.locked.0,
            [("d".into(), "1".into()), ("e".into(), String::new())]
        );
        assert_eq!(document("{\"license\":{\"url\":\"u\"}}").license.0, ["u"]);
    }

    #[test]
    fn what_has_another_form_is_missing() {
        let read = document("{\"name\":{\"a\":[1]},\"license\":-1.5,\"needs\":[],\"locked\":null}");
        assert_eq!(
            (read.name, read.license),
            (Text::default(), Names::default())
        );
        assert_eq!(
            (read.needs, read.locked),
            (Keys::default(), Pairs::default())
        );
    }

    #[test]
    fn deep_and_broken_documents_are_faults() {
        let deep = "[".repeat(100_000);
        for text in ["{", "", "{\"name\":\"a\"", &deep] {
            assert!(read::<Document>(&Source::whole("a", text.as_bytes())).is_err());
        }
    }
}
