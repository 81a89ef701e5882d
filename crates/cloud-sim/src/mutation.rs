//! Small changes of a world as data, for property tests: any sequence of them is a history.

use crate::random::Random;
use crate::world::{
    DEPLOYMENT_STATUSES, Deployment, Kind, LEVELS, Outcome, StackPath, TASK_STATUSES, Task, VIOLATION_KINDS, Violation,
    World, made_up_changes,
};

/// One change. Numbers that choose something are taken modulo what there is; where there is nothing, nothing happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// Time goes on.
    Advance {
        /// Seconds.
        seconds: i64,
    },
    /// A new stack.
    Create {
        /// Which organization.
        org: u64,
    },
    /// An update begins.
    Start {
        /// Which stack.
        stack: u64,
        /// What the update does.
        kind: Kind,
        /// It waits in the queue instead of running.
        queued: bool,
    },
    /// An open update ends.
    End {
        /// Which stack, of those with an open update.
        stack: u64,
        /// Which of its open updates.
        open: u64,
        /// How it ends.
        outcome: Outcome,
        /// What its changes follow from.
        seed: u64,
    },
    /// Updates one after the other, each whole.
    Burst {
        /// Which stack.
        stack: u64,
        /// How many updates.
        count: u64,
        /// What they follow from.
        seed: u64,
    },
    /// A stack goes.
    Delete {
        /// Which stack.
        stack: u64,
    },
    /// A stack goes and another of its name comes at once.
    Recreate {
        /// Which stack.
        stack: u64,
    },
    /// A stack comes back where one was deleted.
    Return {
        /// Which place.
        place: u64,
    },
    /// A stack gets a name that none ever had.
    Rename {
        /// Which stack.
        stack: u64,
        /// The history says so, with an update of kind `rename`.
        recorded: bool,
    },
    /// A new deployment.
    Deploy {
        /// Which organization.
        org: u64,
        /// Its state.
        status: &'static str,
    },
    /// Every deployment in one state goes into another: the first falls to zero.
    MoveDeployments {
        /// Which organization.
        org: u64,
        /// The state that falls to zero.
        from: &'static str,
        /// The other.
        to: &'static str,
    },
    /// More violations of a level.
    Violate {
        /// Which organization.
        org: u64,
        /// Level.
        level: &'static str,
        /// Kind; may be empty.
        kind: &'static str,
        /// How many.
        count: u64,
    },
    /// A level falls to zero.
    Resolve {
        /// Which organization.
        org: u64,
        /// Level.
        level: &'static str,
    },
    /// A task of the agent.
    Task {
        /// Which organization.
        org: u64,
        /// Its state.
        status: &'static str,
    },
    /// All tasks of the agent go into a state: the other falls to zero.
    MoveTasks {
        /// Which organization.
        org: u64,
        /// The state.
        to: &'static str,
    },
    /// Members, teams, environments, policies change.
    Reorganize {
        /// Which organization.
        org: u64,
        /// What its new numbers follow from; 0: all of them are 0.
        seed: u64,
    },
}

impl Mutation {
    /// Any mutation: what happens often in life is likelier.
    pub fn random(random: &mut Random) -> Self {
        let (stack, org, seed) = (random.below(1_000), random.below(100), random.number());
        match random.below(100) {
            0..=9 => Self::Advance {
                seconds: random.between(1, 7_200),
            },
            10..=34 => Self::Start {
                stack,
                kind: random.pick(Kind::ALL),
                queued: random.percent(10),
            },
            35..=59 => Self::End {
                stack,
                open: random.below(8),
                outcome: random.pick(&[Outcome::Succeeded, Outcome::Failed]),
                seed,
            },
            60..=67 => Self::Burst {
                stack,
                count: random.pick(&[2, 3, 9, 10, 11, 99, 100, 101, 250]),
                seed,
            },
            68..=70 => Self::Create { org },
            71..=73 => Self::Delete { stack },
            74..=76 => Self::Recreate { stack },
            77..=78 => Self::Return { place: stack },
            79..=82 => Self::Rename {
                stack,
                recorded: random.percent(50),
            },
            83..=85 => Self::Deploy {
                org,
                status: random.pick(DEPLOYMENT_STATUSES),
            },
            86..=88 => Self::MoveDeployments {
                org,
                from: random.pick(DEPLOYMENT_STATUSES),
                to: random.pick(DEPLOYMENT_STATUSES),
            },
            89..=91 => Self::Violate {
                org,
                level: random.pick(LEVELS),
                kind: random.pick(VIOLATION_KINDS),
                count: random.pick(&[1, 2, 199, 200, 201]),
            },
            92..=93 => Self::Resolve {
                org,
                level: random.pick(LEVELS),
            },
            94..=95 => Self::Task {
                org,
                status: random.pick(TASK_STATUSES),
            },
            96..=97 => Self::MoveTasks {
                org,
                to: random.pick(TASK_STATUSES),
            },
            _ => Self::Reorganize {
                org,
                seed: if random.percent(20) { 0 } else { seed },
            },
        }
    }
}

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
    pub fn burst(&mut self, path: &StackPath, count: u64, seed: u64) -> Result<(), crate::world::WorldError> {
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
