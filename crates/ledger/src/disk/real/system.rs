//! A file system of Linux, synced as a whole where it tells what went wrong.

use crate::disk::FileSystem;
use nix::sys::statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, FsType, XFS_SUPER_MAGIC, fstatfs};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

/// Of these it is known that a failed write-back is told by `syncfs`. An overlay, for one, keeps it to itself.
const KNOWN: [FsType; 3] = [EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC];
/// `syncfs` tells of lost contents since Linux 5.8, of a failed journal since 5.17.
const KERNEL: (u32, u32) = (5, 17);

struct Mounted {
    root: File,
    device: u64,
}

/// Opens the file system of a folder, if its kind and the kernel are known to tell what goes wrong.
pub(super) fn open(folder: &Path) -> Option<Arc<dyn FileSystem>> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let root = File::open(folder).ok()?;
    let kind = fstatfs(&root).ok()?.filesystem_type();
    if version(&release)? < KERNEL || !KNOWN.contains(&kind) {
        return None;
    }
    let device = root.metadata().ok()?.dev();
    Some(Arc::new(Mounted { root, device }))
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

impl FileSystem for Mounted {
    fn id(&self) -> u64 {
        self.device
    }

    fn sync(&self) -> io::Result<()> {
        nix::unistd::syncfs(&self.root).map_err(io::Error::from)
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn kernels_are_ordered() {
        let known = ["6.18.44-fc-v445\n", "5.17.0", "5.15.0-100-generic", "4.18.0-477.el8"].map(version);
        assert_eq!(known, [Some((6, 18)), Some((5, 17)), Some((5, 15)), Some((4, 18))]);
        assert_eq!(version("unknown"), None);
    }
}
