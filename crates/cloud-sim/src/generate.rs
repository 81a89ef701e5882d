//! Worlds out of a seed.

use crate::clock::Clock;
use crate::random::{Random, mix, seed_of};
use crate::world::{
    DEPLOYMENT_STATUSES, Deployment, LEVELS, Organization, PolicyTotals, StackPath, TASK_STATUSES, Task,
    VIOLATION_KINDS, Violation, World,
};

/// How large a generated world is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// Unix seconds when the simulation begins.
    pub now: i64,
    /// Names of the organizations; stacks are spread over them evenly.
    pub organizations: Vec<String>,
    /// Stacks in all.
    pub stacks: u64,
    /// Finished updates of each stack.
    pub updates: u64,
}

impl Plan {
    /// So many organizations: `acme`, `acme-2`, `acme-3` …
    pub fn organization_names(count: u64) -> Vec<String> {
        let name = |number| match number {
            1 => "acme".to_owned(),
            number => format!("acme-{number}"),
        };
        (1..=count.max(1)).map(name).collect()
    }
}

impl World {
    /// A world with histories, all of them finished. They are worked out when they are asked for.
    pub fn generate(plan: &Plan) -> Self {
        let mut world = Self::with_clock(plan.seed, Clock::manual(plan.now));
        for name in &plan.organizations {
            furnish(world.organization(name), mix(plan.seed, seed_of(name)), plan.now);
        }
        let count = plan.organizations.len() as u64;
        for number in 0..plan.stacks {
            let Some(org) = number.checked_rem(count) else { break };
            let path = path(&plan.organizations[org as usize], number / count);
            let age = 3_600 + (mix(plan.seed, number) % 86_400) as i64;
            // Paths differ by their number, so none is there already.
            let _made = world.create_with_past(&path, plan.updates, age);
        }
        world
    }
}

/// Three stacks a project.
fn path(org: &str, number: u64) -> StackPath {
    let stack = ["dev", "staging", "prod"][(number % 3) as usize];
    StackPath::new(org, &format!("service-{:05}", number / 3), stack)
}

/// Fills an organization, with more of most things than a page holds.
pub fn furnish(organization: &mut Organization, seed: u64, now: i64) {
    let mut random = Random::new(seed);
    organization.members = 100 + random.below(200);
    organization.teams = 5 + random.below(20);
    organization.environments = 90 + random.below(80);
    organization.policy_groups = 1 + random.below(5);
    organization.policy_packs = 2 + random.below(6);
    organization.policy = PolicyTotals {
        policies: random.between(20, 90),
        policies_with_issues: random.between(0, 20),
        resources: random.between(500, 9_000),
        resources_with_issues: random.between(0, 400),
    };
    organization.deployments = (0..200 + random.below(100))
        .map(|number| deployment(&mut random, now - 86_400 + number as i64 * 60))
        .collect();
    organization.violations = (0..300 + random.below(200))
        .map(|_| violation(&mut random, now - 3_600))
        .collect();
    organization.tasks = (0..100 + random.below(80))
        .map(|_| Task {
            status: random.pick(TASK_STATUSES),
            created: now - random.between(60, 86_400),
        })
        .collect();
}

fn deployment(random: &mut Random, created: i64) -> Deployment {
    Deployment {
        status: random.pick(DEPLOYMENT_STATUSES),
        created,
        modified: created + 30,
        project: format!("service-{:05}", random.below(50)),
        stack: random.pick(&["dev", "staging", "prod"]).to_owned(),
    }
}

fn violation(random: &mut Random, observed: i64) -> Violation {
    Violation {
        level: random.pick(LEVELS).to_owned(),
        kind: random.pick(VIOLATION_KINDS).to_owned(),
        observed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> Plan {
        Plan {
            seed,
            now: 1_790_000_000,
            organizations: Plan::organization_names(3),
            stacks: 50,
            updates: 20,
        }
    }

    #[test]
    fn a_plan_is_kept() {
        let world = World::generate(&plan(7));
        assert_eq!(world.stacks().len(), 50);
        assert_eq!(
            world.organizations().keys().collect::<Vec<_>>(),
            ["acme", "acme-2", "acme-3"]
        );
        for stack in world.stacks().values() {
            assert_eq!(stack.newest(), 20);
            assert!(stack.last_ended().is_some_and(|end| end < world.now()));
            assert_eq!(stack.open().count(), 0);
        }
    }

    #[test]
    fn a_seed_gives_the_same_world_again() {
        let ids = |seed| -> Vec<String> {
            let world = World::generate(&plan(seed));
            world.stacks().values().map(|stack| stack.id.clone()).collect()
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
    }

    #[test]
    fn a_share_of_the_stacks_changes_and_has_ended() {
        let mut world = World::generate(&Plan {
            stacks: 1_500,
            ..plan(7)
        });
        for (percent, count) in [(0, 0), (2, 30), (7, 105), (100, 1_500)] {
            let before: Vec<u64> = world.stacks().values().map(|stack| stack.newest()).collect();
            assert_eq!(world.change_share(percent, 3), count);
            let after = world
                .stacks()
                .values()
                .map(|stack| (stack.newest(), stack.open().count()));
            let changed = after
                .zip(before)
                .filter(|((after, open), before)| *after == before + 1 && *open == 0);
            assert_eq!(changed.count() as u64, count, "{percent} %");
        }
        assert_eq!(World::new(1, 1_000).change_share(50, 3), 0);
    }

    #[test]
    fn ids_differ() {
        let mut ids: Vec<String> = World::generate(&plan(7))
            .stacks()
            .values()
            .map(|stack| stack.id.clone())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 50);
    }
}
