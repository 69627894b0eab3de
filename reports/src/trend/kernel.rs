//! Nodes that have another kernel than before.

use std::collections::BTreeMap;

use hpcctl_model::nightly::Kernel;

use super::fold;
use super::subject::Subject;

/// The nodes, by the kernel before and the one now.
#[derive(Debug, Default)]
pub struct Kernels(BTreeMap<(String, String), Vec<String>>);

impl Kernels {
    /// Takes a node that reported.
    pub fn add(&mut self, subject: &Subject<'_>) {
        let [Some(is), Some(was)] = subject.kernels else {
            return;
        };
        if is != was {
            let key = (was.to_owned(), is.to_owned());
            self.0.entry(key).or_default().push(subject.name.to_owned());
        }
    }

    /// The nodes, folded.
    pub fn items(self) -> Vec<Kernel> {
        let all = self.0.into_iter();
        let all = all.map(|((was, is), names)| Kernel {
            nodes: fold::nodes(&names),
            was,
            is,
        });
        all.collect()
    }
}
