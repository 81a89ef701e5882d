//! Small changes of a world as data, for property tests: any sequence of them is a history.

mod apply;

use crate::random::Random;
use crate::world::{DEPLOYMENT_STATUSES, Kind, LEVELS, Outcome, TASK_STATUSES, VIOLATION_KINDS};

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
