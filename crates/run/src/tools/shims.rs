//! Links named like the tools, first in the job's `PATH`, to this program: who calls a tool calls us first.

use super::tool_named;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The tools' names.
pub const TOOLS: [&str; 3] = ["pulumi", "terraform", "tofu"];

/// The folder of links.
#[derive(Debug)]
pub(crate) struct Shims {
    folder: PathBuf,
}

impl Shims {
    /// Makes links below `folder` for those tools that `path` leads to; `None` when it leads to none.
    ///
    /// # Errors
    /// What the system says of the folder or the links.
    pub(crate) fn make(folder: &Path, path: &OsStr) -> io::Result<Option<Self>> {
        let found: Vec<&str> = TOOLS.into_iter().filter(|tool| find(tool, path).is_some()).collect();
        if found.is_empty() {
            return Ok(None);
        }
        let own = std::env::current_exe()?;
        fs::create_dir(folder)?;
        for tool in found {
            symlink(&own, folder.join(tool))?;
        }
        let folder = folder.to_owned();
        Ok(Some(Self { folder }))
    }

    /// The `PATH` of the job.
    pub(crate) fn before(&self, path: &OsStr) -> OsString {
        let mut with = self.folder.clone().into_os_string();
        if !path.is_empty() {
            with.push(":");
            with.push(path);
        }
        with
    }
}

impl Drop for Shims {
    fn drop(&mut self) {
        for tool in TOOLS {
            let _ = fs::remove_file(self.folder.join(tool));
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The tool that a program's name stands for, when it was called by a link of ours or by its own name.
pub fn tool_of(program: &OsStr) -> Option<&str> {
    let name = Path::new(program).file_name()?.to_str()?;
    tool_named(name).map(|_| name)
}

/// The first program of a name in `path` that is not this one.
pub(crate) fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let own = fs::metadata("/proc/self/exe")
        .ok()
        .map(|about| (about.dev(), about.ino()));
    std::env::split_paths(path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| folder.join(name))
        .find(|candidate| {
            fs::metadata(candidate).is_ok_and(|about| {
                let is_program = about.is_file() && about.permissions().mode() & 0o111 != 0;
                is_program && Some((about.dev(), about.ino())) != own
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stand_before_what_they_stand_for_and_lead_past_themselves() {
        let scratch = tempfile::tempdir().unwrap();
        let (real, links) = (scratch.path().join("real"), scratch.path().join("links"));
        fs::create_dir(&real).unwrap();
        let path = real.clone().into_os_string();
        assert!(Shims::make(&links, &path).unwrap().is_none());
        fs::write(real.join("tofu"), "#!/bin/sh\n").unwrap();
        assert!(Shims::make(&links, &path).unwrap().is_none(), "not executable");
        fs::set_permissions(real.join("tofu"), fs::Permissions::from_mode(0o755)).unwrap();
        let shims = Shims::make(&links, &path).unwrap().unwrap();
        let path = shims.before(&path);
        assert_eq!(find("tofu", &path), Some(real.join("tofu")));
        assert!(links.join("tofu").exists() && !links.join("pulumi").exists());
        drop(shims);
        assert!(!links.exists());
    }
}
