//! The stacks that an exporter gets wrong most easily, by name, and what happens to them before each poll.

use crate::generate::furnish;
use crate::world::{Kind, Outcome, StackPath, World, WorldError};

const ORG: &str = "acme";
const PROJECT: &str = "special";
/// Durations on, just below and just above each bucket bound.
const BOUNDS: &[i64] = &[
    0, 4, 5, 6, 9, 10, 11, 29, 30, 31, 59, 60, 61, 119, 120, 121, 299, 300, 301, 599, 600, 601, 1_799, 1_800, 1_801,
];

/// The story of the special stacks. What happens follows from the number of the poll alone.
#[derive(Debug, Clone)]
pub struct Special {
    seed: u64,
    now: i64,
    poll: u32,
}

impl Special {
    /// Polls until the story is over.
    pub const POLLS: u32 = 9;

    /// A story that begins at `now`, Unix seconds.
    pub fn new(seed: u64, now: i64) -> Self {
        Self { seed, now, poll: 0 }
    }

    /// The path of a special stack: `burst`, `crossing`, `deleted`, `recreated`, `versions-went-back`, `returned`,
    /// `never-updated`, `long-past`, `late`, `stuck`, `queued`, `bounds`, `renamed` (`renamed-to` afterwards),
    /// `inherited` (deleted, and its name taken by `heir`), `new`, `kinds`.
    pub fn path(name: &str) -> StackPath {
        StackPath::new(ORG, PROJECT, name)
    }

    /// The world before the first poll.
    pub fn world(&self) -> World {
        let mut world = World::new(self.seed, self.now);
        furnish(world.organization(ORG), self.seed, self.now);
        world
    }

    /// What happens before the next poll; after the story only time goes on.
    pub fn step(&mut self, world: &mut World) -> Result<(), WorldError> {
        let poll = self.poll;
        self.poll += 1;
        world.advance(60);
        match poll {
            0 => self.begin(world)?,
            1 => self.first(world)?,
            2 => self.second(world)?,
            3 => self.third(world)?,
            4 => self.fourth(world)?,
            5 => self.fifth(world)?,
            6 => end(world, "late", 2)?,
            _ => {}
        }
        if poll < Self::POLLS {
            cross(world, poll)?;
        }
        Ok(())
    }

    /// What the first poll finds.
    fn begin(&self, world: &mut World) -> Result<(), WorldError> {
        let pasts = [
            ("burst", 5),
            ("crossing", 1),
            ("deleted", 3),
            ("recreated", 6),
            ("versions-went-back", 6),
            ("returned", 2),
            ("never-updated", 0),
            ("long-past", 260),
            ("late", 1),
            ("stuck", 2),
            ("queued", 1),
            ("bounds", 0),
            ("renamed", 18),
            ("kinds", 0),
            ("inherited", 3),
            ("heir", 4),
        ];
        for (name, count) in pasts {
            world.create_with_past(&Self::path(name), count, 7_200)?;
        }
        world.start(&Self::path("stuck"), Kind::Update)?;
        world.queue(&Self::path("queued"), Kind::Refresh)?;
        Ok(())
    }

    fn first(&self, world: &mut World) -> Result<(), WorldError> {
        world.burst(&Self::path("burst"), 250, self.seed)?;
        world.start(&Self::path("late"), Kind::Destroy)?;
        for name in [
            "deleted",
            "recreated",
            "versions-went-back",
            "returned",
            "long-past",
            "renamed",
            "inherited",
            "heir",
        ] {
            short(world, name)?;
        }
        for &seconds in BOUNDS {
            world.run(
                &Self::path("bounds"),
                Kind::Update,
                Outcome::Succeeded,
                seconds,
                &[("create", 1)],
            )?;
        }
        for &kind in Kind::ALL {
            for outcome in [Outcome::Succeeded, Outcome::Failed] {
                world.run(&Self::path("kinds"), kind, outcome, 7, &[("import", 2), ("same", 5)])?;
            }
        }
        world.end(&Self::path("queued"), 2, Outcome::Succeeded, &[("refresh", 3)])
    }

    fn second(&self, world: &mut World) -> Result<(), WorldError> {
        world.recreate(&Self::path("recreated"))?;
        world.restart_versions(&Self::path("versions-went-back"))?;
        for name in ["recreated", "recreated", "versions-went-back", "late", "late"] {
            short(world, name)?;
        }
        world.delete(&Self::path("returned"))?;
        // The open update is now on the second page.
        world.burst(&Self::path("stuck"), 101, self.seed)?;
        // Nobody can see this one: its stack goes before the next poll.
        short(world, "deleted")?;
        world.delete(&Self::path("deleted"))
    }

    fn third(&self, world: &mut World) -> Result<(), WorldError> {
        short(world, "renamed")?;
        world.rename(&Self::path("renamed"), &Self::path("renamed-to"))?;
        world.delete(&Self::path("inherited"))?;
        world.rename(&Self::path("heir"), &Self::path("inherited"))?;
        world.create(&Self::path("new"))?;
        for name in ["new", "new", "late", "inherited"] {
            short(world, name)?;
        }
        let now = world.now();
        world.organization(ORG).move_deployments("running", "succeeded", now);
        Ok(())
    }

    fn fourth(&self, world: &mut World) -> Result<(), WorldError> {
        world.create(&Self::path("returned"))?;
        for name in ["returned", "recreated", "renamed-to"] {
            short(world, name)?;
        }
        world.burst(&Self::path("burst"), 100, self.seed + 1)?;
        let organization = world.organization(ORG);
        organization
            .violations
            .retain(|violation| violation.level != "mandatory");
        organization.move_tasks("idle");
        organization.members += 7;
        Ok(())
    }

    fn fifth(&self, world: &mut World) -> Result<(), WorldError> {
        world.burst(&Self::path("burst"), 101, self.seed + 2)?;
        short(world, "late")?;
        world.organization(ORG).reorganize(self.seed + 3);
        Ok(())
    }
}

/// `crossing` runs at every poll, and each of its updates has ended at the next.
fn cross(world: &mut World, poll: u32) -> Result<(), WorldError> {
    let path = Special::path("crossing");
    if poll > 0 {
        end(world, "crossing", u64::from(poll) + 1)?;
    }
    world.start(&path, Kind::Update).map(drop)
}

fn short(world: &mut World, name: &str) -> Result<(), WorldError> {
    let changes = [("create", 2), ("update", 1), ("same", 4)];
    let path = Special::path(name);
    world
        .run(&path, Kind::Update, Outcome::Succeeded, 12, &changes)
        .map(drop)
}

fn end(world: &mut World, name: &str, version: u64) -> Result<(), WorldError> {
    world.end(
        &Special::path(name),
        version,
        Outcome::Failed,
        &[("delete", 1), ("same", 3)],
    )
}
