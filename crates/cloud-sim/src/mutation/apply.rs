//! Mutations done to a world.

use super::Mutation;
use crate::random::Random;
use crate::world::{Deployment, Kind, Outcome, StackPath, Task, Violation, World, WorldError, made_up_changes};

impl World {
    /// Makes a change; false when there was nothing to change.
    pub fn apply(&mut self, mutation: &Mutation) -> bool {
        self.try_apply(mutation).is_some()
    }

    fn try_apply(&mut self, mutation: &Mutation) -> Option<()> {
        match *mutation {
            Mutation::Advance { seconds } => self.advance(seconds),
            Mutation::Create { org } => {
                let org = self.nth_organization(org)?;
                let path = self.fresh(&org, "made");
                self.create(&path).ok()?;
            }
            Mutation::Start { stack, kind, queued } => {
                let path = self.nth_stack(stack)?;
                let begun = if queued {
                    self.queue(&path, kind)
                } else {
                    self.start(&path, kind)
                };
                begun.ok()?;
            }
            Mutation::End {
                stack,
                open,
                outcome,
                seed,
            } => {
                let (path, version) = self.nth_open(stack, open)?;
                let changes = made_up_changes(&mut Random::new(seed));
                self.end(&path, version, outcome, &changes).ok()?;
            }
            Mutation::Burst { stack, count, seed } => {
                let path = self.nth_stack(stack)?;
                self.burst(&path, count, seed).ok()?;
            }
            Mutation::Delete { stack } => self.delete(&self.nth_stack(stack)?).ok()?,
            Mutation::Recreate { stack } => self.recreate(&self.nth_stack(stack)?).ok()?,
            Mutation::Return { place } => {
                let path = nth(self.deleted(), place)?.clone();
                self.create(&path).ok()?;
            }
            Mutation::Rename { stack, recorded } => {
                let from = self.nth_stack(stack)?;
                let to = self.fresh(&from.org, "renamed");
                self.rename(&from, &to).ok()?;
                if recorded {
                    self.run(&to, Kind::Rename, Outcome::Succeeded, 1, &[("same", 3)])
                        .ok()?;
                }
            }
            _ => self.change_organization(mutation)?,
        }
        Some(())
    }

    fn change_organization(&mut self, mutation: &Mutation) -> Option<()> {
        let now = self.now();
        let number = match *mutation {
            Mutation::Deploy { org, .. }
            | Mutation::MoveDeployments { org, .. }
            | Mutation::Violate { org, .. }
            | Mutation::Resolve { org, .. }
            | Mutation::Task { org, .. }
            | Mutation::MoveTasks { org, .. }
            | Mutation::Reorganize { org, .. } => org,
            _ => return None,
        };
        let name = self.nth_organization(number)?;
        let organization = self.organization(&name);
        match *mutation {
            Mutation::Deploy { status, .. } => organization.deployments.push(Deployment {
                status,
                created: now,
                modified: now,
                project: "service-00000".to_owned(),
                stack: "prod".to_owned(),
            }),
            Mutation::MoveDeployments { from, to, .. } => organization.move_deployments(from, to, now),
            Mutation::Violate { level, kind, count, .. } => {
                let violation = Violation {
                    level: level.to_owned(),
                    kind: kind.to_owned(),
                    observed: now,
                };
                organization.violations.extend((0..count).map(|_| violation.clone()));
            }
            Mutation::Resolve { level, .. } => organization.violations.retain(|violation| violation.level != level),
            Mutation::Task { status, .. } => organization.tasks.push(Task { status, created: now }),
            Mutation::MoveTasks { to, .. } => organization.move_tasks(to),
            Mutation::Reorganize { seed, .. } => organization.reorganize(seed),
            _ => return None,
        }
        Some(())
    }

    /// Whole updates one after the other.
    pub fn burst(&mut self, path: &StackPath, count: u64, seed: u64) -> Result<(), WorldError> {
        let mut random = Random::new(seed);
        for _ in 0..count {
            let outcome = if random.percent(80) {
                Outcome::Succeeded
            } else {
                Outcome::Failed
            };
            let kind = random.pick(&[Kind::Update, Kind::Update, Kind::Refresh, Kind::Destroy]);
            let seconds = random.pick(&[0, 1, 5, 6, 10, 30, 31, 60, 300]);
            let changes = made_up_changes(&mut random);
            self.run(path, kind, outcome, seconds, &changes)?;
        }
        Ok(())
    }

    fn nth_stack(&self, number: u64) -> Option<StackPath> {
        let number = number.checked_rem(self.stacks().len() as u64)?;
        self.stacks().keys().nth(number as usize).cloned()
    }

    fn nth_organization(&self, number: u64) -> Option<String> {
        let number = number.checked_rem(self.organizations().len() as u64)?;
        self.organizations().keys().nth(number as usize).cloned()
    }

    fn nth_open(&self, stack: u64, open: u64) -> Option<(StackPath, u64)> {
        let with_open: Vec<_> = self
            .stacks()
            .iter()
            .filter(|(_, stack)| stack.open().next().is_some())
            .collect();
        let (path, stack) = nth(&with_open, stack)?;
        let versions: Vec<u64> = stack.open().collect();
        Some(((*path).clone(), *nth(&versions, open)?))
    }

    /// A path that no stack ever had.
    fn fresh(&mut self, org: &str, project: &str) -> StackPath {
        StackPath::new(org, project, &format!("s{}", self.fresh_number()))
    }
}

fn nth<T>(list: &[T], number: u64) -> Option<&T> {
    list.get(number.checked_rem(list.len() as u64)? as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_happens_where_there_is_nothing() {
        let mut world = World::new(1, 1_000);
        let mut random = Random::new(2);
        for _ in 0..500 {
            let mutation = Mutation::random(&mut random);
            let happened = world.apply(&mutation);
            assert_eq!(happened, matches!(mutation, Mutation::Advance { .. }), "{mutation:?}");
        }
    }

    #[test]
    fn every_stack_stays_consistent_whatever_happens() {
        let mut world = World::new(1, 1_790_000_000);
        world.organization("acme");
        let mut random = Random::new(3);
        for _ in 0..2_000 {
            world.apply(&Mutation::random(&mut random));
        }
        assert!(!world.stacks().is_empty());
        for stack in world.stacks().values() {
            let versions: Vec<u64> = stack.newest_first().map(|update| update.version).collect();
            assert_eq!(versions, (1..=stack.newest()).rev().collect::<Vec<_>>());
            for update in stack.newest_first() {
                assert_eq!(update.outcome.is_final(), update.duration().is_some());
                assert!(update.duration().is_none_or(|seconds| seconds >= 0));
                assert!(update.end <= world.now());
            }
        }
    }

    #[test]
    fn a_renamed_stack_keeps_its_id_and_a_recreated_one_does_not() {
        let mut world = World::new(1, 1_000_000);
        let path = StackPath::new("acme", "shop", "prod");
        world.create_with_past(&path, 5, 0).unwrap();
        let id = world.stack(&path).unwrap().id.clone();
        assert!(world.apply(&Mutation::Rename {
            stack: 0,
            recorded: true
        }));
        let (renamed, stack) = world.stacks().iter().next().unwrap();
        assert_eq!((stack.id == id, stack.newest()), (true, 6));
        let renamed = renamed.clone();
        assert_ne!(renamed, path);
        assert!(world.apply(&Mutation::Recreate { stack: 0 }));
        let stack = world.stack(&renamed).unwrap();
        assert_eq!((stack.id == id, stack.newest()), (false, 0));
    }
}
