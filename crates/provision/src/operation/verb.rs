//! What an operation does, where nobody said it: no engine's events have a word for it, but their steps show it.

use crate::{Action, Step, Tool, Verb};

/// What the steps so far show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    begun: u64,
    planned: u64,
    refreshes: u64,
    deletes: u64,
    imports: u64,
    same: u64,
    others: u64,
}

impl Evidence {
    /// Notes that a step was told at its beginning.
    pub(super) fn begins(&mut self) {
        self.begun += 1;
    }

    /// Whether steps were told, but none at its beginning: an account after the fact.
    pub(super) fn is_digest(&self) -> bool {
        self.begun == 0
    }

    /// Takes in a step that begins, or one told only when it is done.
    pub(super) fn see(&mut self, step: &Step) {
        let counter = match step.action {
            _ if step.planned => &mut self.planned,
            Action::Refresh | Action::Read => &mut self.refreshes,
            Action::Delete => &mut self.deletes,
            Action::Import => &mut self.imports,
            // Providers are made for whatever else is done.
            _ if step.kind.starts_with("pulumi:providers:") => &mut self.same,
            Action::Same => &mut self.same,
            Action::Create | Action::Update | Action::Replace => &mut self.others,
        };
        *counter += 1;
    }

    /// Whether there were steps, and every one was only planned.
    pub(super) fn only_planned(&self) -> bool {
        self.planned > 0 && self.done() == 0
    }

    /// Steps that did something, or found nothing to do.
    pub(super) fn done(&self) -> u64 {
        self.deletes + self.imports + self.same + self.others
    }

    /// The verb that fits; `None` before the first step.
    pub(super) fn verb(&self, tool: Tool) -> Option<Verb> {
        let pulumi = tool == Tool::Pulumi;
        let done = self.done();
        Some(match self {
            _ if self.only_planned() && pulumi => Verb::Preview,
            _ if self.only_planned() => Verb::Plan,
            _ if self.refreshes > 0 && done == self.same => Verb::Refresh,
            _ if self.deletes > 0 && done == self.deletes => Verb::Destroy,
            _ if self.imports > 0 && self.others == 0 && self.deletes == 0 && pulumi => Verb::Import,
            _ if done == 0 => return None,
            _ if pulumi => Verb::Up,
            _ => Verb::Apply,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb(tool: Tool, planned: bool, actions: &[Action]) -> Option<Verb> {
        let mut evidence = Evidence::default();
        for action in actions {
            evidence.see(&Step {
                address: String::new(),
                kind: "t".into(),
                name: String::new(),
                action: *action,
                engine_action: String::new(),
                parent: None,
                diff: Vec::new(),
                planned,
                counted: true,
                component: false,
                why: None,
            });
        }
        evidence.verb(tool)
    }

    #[test]
    fn steps_show_what_is_done() {
        use Action::*;
        let pulumi = |actions: &[Action]| verb(Tool::Pulumi, false, actions);
        assert_eq!(pulumi(&[]), None);
        assert_eq!(pulumi(&[Delete, Delete]), Some(Verb::Destroy));
        assert_eq!(pulumi(&[Same, Delete]), Some(Verb::Up));
        assert_eq!(pulumi(&[Refresh, Refresh]), Some(Verb::Refresh));
        assert_eq!(pulumi(&[Refresh, Create]), Some(Verb::Up));
        assert_eq!(pulumi(&[Same, Import]), Some(Verb::Import));
        assert_eq!(pulumi(&[Import, Create]), Some(Verb::Up));
        assert_eq!(verb(Tool::Pulumi, true, &[Create]), Some(Verb::Preview));
        assert_eq!(verb(Tool::Terraform, true, &[Create]), Some(Verb::Plan));
        assert_eq!(verb(Tool::Tofu, false, &[Create, Delete]), Some(Verb::Apply));
    }
}
