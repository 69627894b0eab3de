//! What is to be said of the exceptions that a policy has, beside what they lift: waivers that lapse
//! soon, have lapsed, cover nothing or too much, and the same of clarifications and of what was
//! agreed with vendors. From the report of `gate` alone.

use hpcctl_model::gate::Gate;

/// What is to be said of one exception.
pub(crate) struct Remark<'a> {
    /// Its line of the policy.
    pub(crate) policy: &'a str,
    /// What it is, and what is to be said of it.
    pub(crate) text: String,
}

/// What is to be said of all of them, in the order of the report.
pub(crate) fn remarks(gate: &Gate) -> Vec<Remark<'_>> {
    let waivers = gate.waivers.iter().map(|it| {
        let (state, until) = (it.state.as_str(), &it.expires);
        let what = format!("waiver {} ({state}, of {}, until {until})", it.id, it.owner);
        (what, &it.policy, &it.notes)
    });
    let clarifications = gate.clarifications.iter().map(|it| {
        let what = format!("clarification of {} ({})", it.package, it.expression);
        (what, &it.policy, &it.notes)
    });
    let agreed = gate.vendor_decisions.iter().map(|it| {
        let what = format!(
            "agreement on {} (of {}, until {})",
            it.terms, it.owner, it.expires
        );
        (what, &it.policy, &it.notes)
    });
    let all = waivers.chain(clarifications).chain(agreed);
    let noted = all.filter(|(_, _, notes)| !notes.is_empty());
    let remarks = noted.map(|(what, policy, notes)| Remark {
        policy,
        text: format!("{what}: {}", notes.join(" ")),
    });
    remarks.collect()
}
