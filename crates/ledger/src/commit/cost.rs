//! Whether many files are synced one by one, or with their whole file system.

use std::time::Duration;

/// So many chains are synced one by one. For more, one sync of the file system is quicker: each file's takes a turn of the journal.
/// A chain that begins has some folders to sync as well, once: not worth what a sync of all can cost beside somebody who writes much.
const FEW: usize = 4;
/// What a file's sync costs at least: one that finds the journal written by the one before looks cheap and says nothing.
const EACH: Duration = Duration::from_millis(2);
/// A sync of the file system writes whatever anybody has left unwritten. As long as it takes less than this, nobody else writes
/// much.
const UNDISTURBED: Duration = Duration::from_millis(50);
/// After so many times that the other way looked cheaper, it is measured again.
const AGAIN: u32 = 16;

/// How a committer chooses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// What was cheaper of late.
    Cheaper,
    /// The whole file system for more files than this.
    WholeAbove(usize),
}

/// What the two ways cost of late: somebody else who writes to the same disk can make one of them dear.
#[derive(Debug)]
pub(super) struct Costs {
    choice: Choice,
    each: Duration,
    whole: Option<Duration>,
    declined: u32,
}

impl Costs {
    pub(super) fn new(choice: Choice) -> Self {
        let (each, whole, declined) = (EACH, None, 0);
        Self {
            choice,
            each,
            whole,
            declined,
        }
    }

    /// Whether the file system should be synced for so many files and folders of so many chains.
    pub(super) fn prefer_whole(&mut self, chains: usize, files: usize) -> bool {
        if let Choice::WholeAbove(limit) = self.choice {
            return files > limit;
        }
        if chains <= FEW {
            return false;
        }
        let files = u32::try_from(files).unwrap_or(u32::MAX);
        let limit = UNDISTURBED.max(self.each.max(EACH).saturating_mul(files));
        let is_cheaper = self.whole.is_none_or(|whole| whole < limit);
        if is_cheaper || self.declined >= AGAIN {
            self.declined = 0;
            return true;
        }
        self.declined += 1;
        false
    }

    /// Notes what a sync of the whole file system took. One that was quick is believed at once: it is seldom tried while it is dear.
    pub(super) fn took_whole(&mut self, time: Duration) {
        self.whole = Some(self.whole.map_or(time, |known| mix(known, time).min(time)));
    }

    /// Notes what the syncs of so many files took.
    pub(super) fn took_each(&mut self, files: usize, time: Duration) {
        let files = u32::try_from(files).unwrap_or(u32::MAX).max(1);
        self.each = mix(self.each, time / files);
    }
}

/// A moving mean that forgets half within five values.
fn mix(known: Duration, new: Duration) -> Duration {
    (known * 7 + new) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheaper_way_is_taken_and_the_other_tried_again() {
        let mut costs = Costs::new(Choice::Cheaper);
        assert!(!costs.prefer_whole(FEW, 100), "few chains are synced one by one");
        assert!(costs.prefer_whole(FEW + 1, FEW + 1), "not measured yet");
        costs.took_whole(Duration::from_secs(1));
        let refusals = (0..1000).position(|_| costs.prefer_whole(100, 100));
        assert_eq!(refusals, Some(AGAIN as usize), "a second for 100 files is too much");
        assert!(costs.prefer_whole(10_000, 10_000));
        (0..50).for_each(|_| costs.took_whole(Duration::from_millis(3)));
        assert!(costs.prefer_whole(FEW + 1, FEW + 1));
        (0..50).for_each(|_| costs.took_whole(Duration::from_millis(300)));
        assert!(
            !costs.prefer_whole(100, 100) && costs.prefer_whole(200, 200),
            "somebody else writes"
        );
        (0..50).for_each(|_| costs.took_each(1, Duration::from_millis(20)));
        assert!(costs.prefer_whole(100, 100), "the disk is slow either way");
    }
}
