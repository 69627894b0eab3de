//! XML as a tree of those elements that are asked for, with bounds on how deep and how many.
//!
//! Names are taken without their prefix. Entities that a document defines are expanded up to the
//! bound of xml-rs, and nothing outside the document is fetched.

use std::io::Read;

use xml::reader::{EventReader, ParserConfig2, XmlEvent};

/// The most elements that are kept, and how deep they may lie.
const MOST: usize = 400_000;
const DEPTH: usize = 256;

/// The most bytes of one text.
const TEXT: usize = 4 * 1024 * 1024;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The name, without a prefix.
    pub(super) name: String,
    /// The namespace, of the first element only.
    pub(super) namespace: String,
    /// The attributes.
    pub(super) attributes: Vec<(String, String)>,
    /// The text, without that of the elements in it.
    pub(super) text: String,
    /// The elements in it that are kept.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of a child: the elements of a list.
    pub(super) fn list(&self, name: &str) -> &[Self] {
        self.child(name).map_or(&[], |list| &list.children)
    }

    /// The text of a child.
    pub(super) fn text_of(&self, name: &str) -> Option<String> {
        Some(self.child(name)?.text.trim().to_owned())
    }

    /// An attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }
}

/// Reads a document; an element that `keep` refuses is left out with all that is in it.
pub(super) fn read(file: impl Read, keep: fn(&Element) -> bool) -> Result<Element, String> {
    let config = ParserConfig2::new()
        .max_data_length(TEXT)
        .max_attribute_length(TEXT)
        .max_attributes(256)
        .max_name_length(1024)
        .cdata_to_characters(true);
    let mut stack: Vec<Element> = Vec::new();
    let mut count = 0_usize;
    for event in EventReader::new_with_config(file, config) {
        match event.map_err(|error| error.to_string())? {
            XmlEvent::StartElement {
                name, attributes, ..
            } => {
                if stack.len() >= DEPTH {
                    return Err(format!("more than {DEPTH} elements lie in one another"));
                }
                let attributes = attributes.into_iter();
                stack.push(Element {
                    name: name.local_name,
                    namespace: name
                        .namespace
                        .filter(|_| stack.is_empty())
                        .unwrap_or_default(),
                    attributes: attributes.map(|a| (a.name.local_name, a.value)).collect(),
                    ..Element::default()
                });
            }
            XmlEvent::Characters(text) => {
                if let Some(element) = stack.last_mut() {
                    element.text.push_str(&text);
                }
            }
            XmlEvent::EndElement { .. } => {
                let Some(element) = stack.pop() else {
                    continue;
                };
                let Some(above) = stack.last_mut() else {
                    return Ok(element);
                };
                if keep(&element) {
                    count += 1;
                    if count > MOST {
                        return Err(format!("it has more than {MOST} elements"));
                    }
                    above.children.push(element);
                }
            }
            _ => {}
        }
    }
    Err("it ends before its first element does".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_and_hostile_ones_are_refused() {
        let text = b"<a xmlns='n' k='v'>x<b>1</b><c>2</c><b>3</b>y</a>";
        let a = read(&text[..], |element| element.name == "b").unwrap();
        assert_eq!(
            (&*a.text, &*a.namespace, a.attribute("k")),
            ("xy", "n", Some("v"))
        );
        assert_eq!(a.children.len(), 2);
        assert_eq!(a.text_of("b").as_deref(), Some("1"));
        let deep = "<a>".repeat(100_000);
        assert!(read(deep.as_bytes(), |_| true).unwrap_err().contains("256"));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"xxxxxxxxxx\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">\
                    <!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">\
                    <!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;\">\
                    <!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;\"><!ENTITY i \"&h;&h;&h;&h;&h;&h;&h;&h;\">]>\
                    <a>&i;</a>";
        assert!(read(bomb.as_bytes(), |_| true).is_err());
        for cut in ["<a><b>", "", "<a></b>", "\u{0}"] {
            assert!(read(cut.as_bytes(), |_| true).is_err(), "{cut:?}");
        }
    }
}
