//! A tag that moves between the decision and the push.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Site;
use crate::proxy::Line;
use crate::push::Place;
use crate::real::real;

#[test]
fn a_tag_that_moves_meanwhile_never_publishes_other_bytes() {
    if !real("a_tag_that_moves_meanwhile_never_publishes_other_bytes") {
        return;
    }
    let site = Arc::new(Site::new(Place::behind_a_proxy()));
    let (good, other) = (
        format!("{}:good", site.layout),
        format!("{}:other", site.layout),
    );
    let digests = [site.digest("good"), site.digest("other")];
    let mut published = [0, 0];
    for point in 0..24 {
        site.put_under(&good, "from:v1");
        let seen = Arc::new(AtomicUsize::new(0));
        // A proxy listens until the tests end: the registry is not to last as long.
        let (mover, counter, from) = (Arc::downgrade(&site), Arc::clone(&seen), other.clone());
        let proxy = site.place.proxy(move |_: &Line, _| {
            if counter.fetch_add(1, Ordering::SeqCst) == point {
                mover.upgrade().unwrap().put_under(&from, "from:v1");
            }
            None
        });
        // Nothing is known of the image from before.
        let _ = fs::remove_dir_all(site.path("state"));
        let ports = [proxy.port];
        let source = format!("docker://127.0.0.1:{}/from:v1", proxy.port);
        let run = site.publish_at(&ports, &source, &format!("to{point}:v1"), "lenient.toml");
        assert_eq!(run.code, 0, "{point}: {}{}", run.stdout, run.stderr);
        let report = run.json();
        let gated = report["result"]["gate"]["subject"]["digest"]
            .as_str()
            .unwrap();
        let found = site
            .place
            .copied_back(site.place.registry.port, &format!("to{point}:v1"));
        assert_eq!(found.as_deref(), Some(gated), "moved at request {point}");
        let which = digests.iter().position(|digest| digest == gated).unwrap();
        published[which] += 1;
        if seen.load(Ordering::SeqCst) <= point {
            break;
        }
    }
    assert!(
        published.iter().all(|count| *count > 0),
        "the tag moved at no time that counts: {published:?}"
    );
}
