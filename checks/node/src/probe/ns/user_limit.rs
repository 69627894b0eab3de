//! `ns.user.limit`: how many user namespaces may there be?

use super::Probe;
use crate::finding::sysctl;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/proc/sys/user/max_user_namespaces";

/// A node full of containers needs some hundred.
const FEW: i64 = 256;

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.user.limit",
    manual: Manual {
        title: "Limit of user namespaces",
        what: "The sysctl user.max_user_namespaces as seen here.",
        why: "Namespaces are freed late: a small limit makes containers fail now and then on a busy node, and 0 refuses all. The limit of each outer namespace counts as well.",
        how: "Reads /proc/sys/user/max_user_namespaces.",
        user: "",
        admin: "test $(sysctl -n user.max_user_namespaces) -ge 28633 || sysctl -w user.max_user_namespaces=28633",
        refs: &[
            "namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| Reading::new().file(site, PATH),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let limit = reading
        .text(PATH)
        .and_then(|text| text.trim().parse::<i64>().ok());
    let raise = || sysctl("user.max_user_namespaces", "28633");
    match limit {
        None => Finding::unknown(format!("{PATH} cannot be read")),
        Some(0) => {
            Finding::fail("user.max_user_namespaces is 0: nobody may make one").step(raise())
        }
        Some(limit) if limit < FEW => {
            Finding::warn(format!("user.max_user_namespaces is {limit}, below {FEW}")).step(raise())
        }
        Some(limit) => Finding::pass(format!("user.max_user_namespaces is {limit}")),
    }
}
