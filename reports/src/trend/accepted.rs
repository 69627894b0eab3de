//! Slow-downs that a site accepts: from a night on, what is measured is what is usual.

use std::fmt;

use jiff::Timestamp;

use super::figures::host;
use crate::fleet::NodeSet;

/// A slow-down that is accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The metric, or what metrics begin with before a `*`.
    pub metric: String,
    /// The nodes; none where it is of all.
    pub nodes: Option<NodeSet>,
    /// From when on nights say what is usual, in seconds.
    pub from: i64,
    /// The last day that it holds (RFC 3339 date); none where it holds for good.
    pub expires: Option<String>,
}

impl Accepted {
    /// Whether it has not lapsed at a time.
    pub fn holds(&self, at: Timestamp) -> bool {
        let day = at.strftime("%Y-%m-%d").to_string();
        self.expires.as_ref().is_none_or(|last| *last >= day)
    }

    /// Whether it is of a series: a node, a metric, and where it was measured.
    pub fn fits(&self, series: &str) -> bool {
        let metric = series.split(' ').nth(1).unwrap_or_default();
        let is_meant = match self.metric.strip_suffix('*') {
            Some(begin) => metric.starts_with(begin),
            None => metric == self.metric,
        };
        is_meant
            && self
                .nodes
                .as_ref()
                .is_none_or(|set| set.knows(host(series)))
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.nodes {
            Some(nodes) => write!(out, "{} on {}", self.metric, nodes.folded()),
            None => out.write_str(&self.metric),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(nodes: &str) -> Accepted {
        Accepted {
            id: "OPS-1".into(),
            owner: "o".into(),
            reason: "r".into(),
            metric: "launch.*".into(),
            nodes: Some(NodeSet::parse(nodes).unwrap()),
            from: 86_400,
            expires: Some("1970-01-03".into()),
        }
    }

    #[test]
    fn a_node_is_meant_by_its_long_name_and_by_its_short_one() {
        for (nodes, host, expected) in [
            ("n[1-4]", "n1.cluster.example", true),
            ("n[1-4]", "n5.cluster.example", false),
            ("n[1-4].cluster.example", "n1", true),
            ("n[1-4].cluster.example", "n1.cluster.example", true),
            ("n[1-4].cluster.example", "n1.other.example", false),
            ("n[1-4].cluster.example", "n11", false),
            ("n11", "n1", false),
        ] {
            let series = format!("{host} launch.cold outside");
            assert_eq!(on(nodes).fits(&series), expected, "{host} of {nodes}");
        }
    }

    #[test]
    fn it_is_of_some_metrics_and_nodes_for_some_time() {
        let one = on("n[1-4]");
        for (series, expected) in [
            ("n1 launch.warm inside podman", true),
            ("n4 launch.cold outside", true),
            ("n5 launch.cold outside", false),
            ("n1 launcher outside", false),
            ("n1 libc.syscall outside", false),
            ("n1", false),
        ] {
            assert_eq!(one.fits(series), expected, "{series}");
        }
        let holds = |second| one.holds(Timestamp::from_second(second).unwrap());
        let days = [1, 2, 3].map(|day| holds(day * 86_400 + 3600));
        assert_eq!(days, [true, true, false]);
    }
}
