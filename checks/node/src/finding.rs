//! What a probe found: an outcome, a sentence, and the ways to make it pass.

use hpcctl_model::doctor::{Cost, Evidence, Remedy, Status, Step, Who};

/// What a probe found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The outcome.
    pub status: Status,
    /// One sentence, without a full stop.
    pub summary: String,
    /// What the solver reads: whether the thing is there; none where that is not known.
    pub holds: Option<bool>,
    /// Evidence for the cause, beyond what the probe read itself.
    pub evidence: Vec<Evidence>,
    /// Single steps, each of which would make the check pass, cheapest first.
    pub steps: Vec<Step>,
}

impl Finding {
    fn new(status: Status, holds: Option<bool>, summary: impl Into<String>) -> Self {
        Self {
            status,
            summary: summary.into(),
            holds,
            evidence: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// It works.
    pub fn pass(summary: impl Into<String>) -> Self {
        Self::new(Status::Pass, Some(true), summary)
    }

    /// It works less well than it could.
    pub fn warn(summary: impl Into<String>) -> Self {
        Self::new(Status::Warn, Some(true), summary)
    }

    /// It does not work.
    pub fn fail(summary: impl Into<String>) -> Self {
        Self::new(Status::Fail, Some(false), summary)
    }

    /// It could not be found out.
    pub fn unknown(summary: impl Into<String>) -> Self {
        Self::new(Status::Unknown, None, summary)
    }

    /// It does not apply.
    pub fn skipped(summary: impl Into<String>) -> Self {
        Self::new(Status::Skipped, None, summary)
    }

    /// It does not work, for this cause: `what` is completed by the cause's own words.
    pub fn caused(what: &str, cause: Cause) -> Self {
        let mut finding = Self::fail(format!("{what}: {}", cause.text));
        finding.evidence = cause.evidence;
        finding.steps = cause.steps;
        finding
    }

    /// What the solver reads, where it is not what the outcome says.
    #[must_use]
    pub fn holding(mut self, holds: bool) -> Self {
        self.holds = Some(holds);
        self
    }

    /// Adds a step that would make the check pass.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The steps as text for the user and for the admin, or what the manual says.
    pub fn remedy(&self, user: &str, admin: &str) -> Remedy {
        if matches!(self.status, Status::Pass | Status::Skipped) {
            return Remedy::default();
        }
        let of = |who, manual: &str| {
            let step = self.steps.iter().find(|step| step.who == who);
            let text = step.map(|step| match &step.command {
                Some(command) => format!("{}: {command}", step.text),
                None => step.text.clone(),
            });
            text.or_else(|| (!manual.is_empty()).then(|| manual.to_owned()))
        };
        Remedy {
            user: of(Who::User, user),
            admin: of(Who::Admin, admin),
        }
    }
}

/// Why something does not work.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The cause, to follow a colon.
    pub text: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// Single steps, each of which would remove it.
    pub steps: Vec<Step>,
}

impl Cause {
    /// A cause in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            evidence: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Adds a file that shows it.
    #[must_use]
    pub fn shown_by(mut self, path: &str, value: impl ToString) -> Self {
        self.evidence.push(Evidence::File {
            path: path.into(),
            value: Some(value.to_string()),
            errno: None,
        });
        self
    }

    /// Adds a step that would remove it.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// A step for the user; an empty command is none.
pub fn user(cost: Cost, text: &str, command: &str) -> Step {
    step(Who::User, cost, text, command)
}

/// A step for the admin; an empty command is none.
pub fn admin(cost: Cost, text: &str, command: &str) -> Step {
    step(Who::Admin, cost, text, command)
}

/// A sysctl that the admin sets, now and at each boot.
pub fn sysctl(key: &str, value: &str) -> Step {
    admin(
        Cost::AdminSysctl,
        &format!("set {key} to {value}"),
        &format!(
            "echo '{key} = {value}' > /etc/sysctl.d/90-hpcctl-{key}.conf && sysctl -w '{key}={value}'"
        ),
    )
}

fn step(who: Who, cost: Cost, text: &str, command: &str) -> Step {
    Step {
        who,
        cost,
        text: text.into(),
        command: (!command.is_empty()).then(|| command.into()),
    }
}
