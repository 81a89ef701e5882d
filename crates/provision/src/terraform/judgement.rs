//! What a diagnostic of the engine is: a remark, or an assertion of the configuration that does not hold.

use super::address::Address;
use super::course::{Course, fact};
use crate::{Diagnostic, Fact, Level, Policy, What};

/// A diagnostic, taken to pieces.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// `error`, `warning`.
    pub(crate) severity: &'a str,
    /// One line.
    pub(crate) summary: &'a str,
    /// Nothing, or some lines.
    pub(crate) detail: &'a str,
    /// The resource it is about.
    pub(crate) address: Option<&'a str>,
    /// The block of the configuration it is about: `check "zones"`.
    pub(crate) context: Option<&'a str>,
}

/// Assertions, by the summary of the diagnostic that says that one does not hold, and the name they go by here.
const ASSERTIONS: [(&str, &str); 4] = [
    ("Check block assertion failed", "check"),
    ("Resource precondition failed", "precondition"),
    ("Resource postcondition failed", "postcondition"),
    ("Module output value precondition failed", "precondition"),
];

impl Said<'_> {
    /// Makes facts of it: who failed, if it is an error and names somebody, and what was said.
    pub(crate) fn facts(&self, course: &mut Course, time: Option<u64>, out: &mut Vec<Fact>) {
        self.blame(course, time, out);
        self.remark(time, out);
    }

    /// Says who failed, if it is an error and names somebody.
    pub(crate) fn blame(&self, course: &mut Course, time: Option<u64>, out: &mut Vec<Fact>) {
        if let Some(address) = self.address.filter(|_| self.severity == "error") {
            course.blamed(&Address::or_name(address), self.summary, time, out);
        }
    }

    /// Says what was said.
    pub(crate) fn remark(&self, time: Option<u64>, out: &mut Vec<Fact>) {
        let error = self.severity == "error";
        let address = self.address.map(str::to_owned);
        let message = match self.detail.trim() {
            "" => self.summary.to_owned(),
            detail => format!("{}\n{detail}", self.summary),
        };
        let assertion = ASSERTIONS.iter().find(|(summary, _)| *summary == self.summary);
        let what = if let Some((_, name)) = assertion {
            let name = self.assertion_name(name);
            What::Policy(Policy {
                name,
                pack: None,
                mandatory: error,
                remediation: false,
                address,
                message,
            })
        } else {
            let level = match self.severity {
                "error" => Level::Error,
                "warning" => Level::Warning,
                _ => Level::Info,
            };
            What::Diagnostic(Diagnostic {
                level,
                message,
                address,
                ephemeral: false,
            })
        };
        out.push(fact(what, time));
    }

    /// The name of the check, or of the block that the condition is in: the engine does not say of which instance.
    fn assertion_name(&self, kind: &str) -> String {
        let Some(context) = self.context else {
            return kind.to_owned();
        };
        if let Some(name) = context.strip_prefix("check \"").and_then(|rest| rest.strip_suffix('"')) {
            return name.to_owned();
        }
        format!("{kind} of {context}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Course, Said};
    use crate::{Level, What};

    fn facts(said: &Said<'_>) -> Vec<What> {
        let mut out = Vec::new();
        said.facts(&mut Course::default(), None, &mut out);
        out.into_iter().map(|fact| fact.what).collect()
    }

    #[test]
    fn a_check_is_a_policy_that_does_not_stop_anything() {
        let said = Said {
            severity: "warning",
            summary: "Check block assertion failed",
            detail: "Only 3 zones.",
            context: Some("check \"zones\""),
            ..Said::default()
        };
        let [What::Policy(policy)] = &facts(&said)[..] else {
            panic!("one policy")
        };
        assert_eq!((policy.name.as_str(), policy.mandatory), ("zones", false));
        assert_eq!(policy.message, "Check block assertion failed\nOnly 3 zones.");
    }

    #[test]
    fn an_error_blames_whom_it_names() {
        let said = Said {
            severity: "error",
            summary: "No such zone",
            address: Some("a.b"),
            ..Said::default()
        };
        let [What::ResourceFailed(step), What::Diagnostic(diagnostic)] = &facts(&said)[..] else {
            panic!("two facts")
        };
        assert_eq!(
            (step.address.as_str(), step.why.as_deref()),
            ("a.b", Some("No such zone"))
        );
        assert_eq!(
            (diagnostic.level, diagnostic.message.as_str()),
            (Level::Error, "No such zone")
        );
    }
}
