//! What a `pom.xml` in a jar says of licences, supplier and dependencies (the POM reference).
//!
//! Values of parents and properties are not looked up: they lie in other files.

use xml::reader::{EventReader, ParserConfig, XmlEvent};

/// Elements that lie deeper are not looked at.
const DEEPEST: usize = 32;

/// Licences and dependencies that are taken.
const MOST: usize = 2000;

/// The parts that count.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pom {
    /// The names of the licences, or their addresses where they have no name.
    pub(super) licenses: Vec<String>,
    /// The organisation.
    pub(super) organization: Option<String>,
    /// What is needed to run, as `GROUP:ARTIFACT`.
    pub(super) needs: Vec<String>,
}

#[derive(Default)]
struct Dependency {
    group: String,
    artifact: String,
    scope: String,
    optional: String,
}

/// Reads a file; what comes before a mistake counts.
pub(super) fn read(bytes: &[u8]) -> Pom {
    let config = ParserConfig::new()
        .trim_whitespace(true)
        .ignore_comments(true);
    let mut pom = Pom::default();
    let mut path: Vec<String> = Vec::new();
    let (mut name, mut url) = (String::new(), String::new());
    let mut dependency = Dependency::default();
    for event in EventReader::new_with_config(bytes, config) {
        match event {
            Ok(XmlEvent::StartElement { name, .. }) => {
                path.push(name.local_name);
                if path.len() > DEEPEST {
                    break;
                }
            }
            Ok(XmlEvent::Characters(text) | XmlEvent::CData(text)) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                match names[..] {
                    ["project", "licenses", "license", "name"] => name = text,
                    ["project", "licenses", "license", "url"] => url = text,
                    ["project", "organization", "name"] => pom.organization = Some(text),
                    ["project", "dependencies", "dependency", field] => dependency.set(field, text),
                    _ => {}
                }
            }
            Ok(XmlEvent::EndElement { .. }) => match path.pop().as_deref() {
                Some("license") if path.len() == 2 && pom.licenses.len() < MOST => {
                    let (name, url) = (std::mem::take(&mut name), std::mem::take(&mut url));
                    pom.licenses.push(if name.is_empty() { url } else { name });
                }
                Some("dependency") if path.len() == 2 && pom.needs.len() < MOST => {
                    pom.needs.extend(std::mem::take(&mut dependency).need());
                }
                _ => {}
            },
            Ok(_) => {}
            Err(_) => break,
        }
    }
    pom
}

impl Dependency {
    fn set(&mut self, field: &str, text: String) {
        match field {
            "groupId" => self.group = text,
            "artifactId" => self.artifact = text,
            "scope" => self.scope = text,
            "optional" => self.optional = text,
            _ => {}
        }
    }

    fn need(self) -> Option<String> {
        let at_run = matches!(&*self.scope, "" | "compile" | "runtime") && self.optional != "true";
        let is_known = !self.artifact.is_empty()
            && !self.group.contains("${")
            && !self.artifact.contains("${");
        (at_run && is_known).then(|| format!("{}:{}", self.group, self.artifact))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn licences_and_needs() {
        let pom = read(
            b"<project xmlns='http://maven.apache.org/POM/4.0.0'><organization><name>Org</name></organization>\
              <licenses><license><name>Apache-2.0</name><url>u</url></license><license><url>v</url></license></licenses>\
              <dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId></dependency>\
              <dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency>\
              <dependency><groupId>${x}</groupId><artifactId>b</artifactId></dependency></dependencies>\
              <build><plugins><plugin><dependencies><dependency><groupId>p</groupId><artifactId>p</artifactId>\
              </dependency></dependencies></plugin></plugins></build></project>",
        );
        assert_eq!(pom.licenses, ["Apache-2.0", "v"]);
        assert_eq!(pom.organization.as_deref(), Some("Org"));
        assert_eq!(pom.needs, ["g:a"]);
    }

    #[test]
    fn expanding_entities_and_deep_trees_end() {
        let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>\
                    <project><organization><name>&c;</name></organization></project>";
        let _ = read(bomb.as_bytes());
        assert_eq!(read("<a>".repeat(100_000).as_bytes()), Pom::default());
    }

    proptest! {
        #[test]
        fn any_pom_is_read(text in "(<project>|<licenses>|<license>|<name>|</|>|&amp;|&x;|a|<!--|<!\\[CDATA\\[){0,30}") {
            let _ = read(text.as_bytes());
        }
    }
}
