//! What files say of where a tool works, until its events say it: project, stack, workspace, user.

use super::{Asked, Start};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;
use sitelog_provision::Tool;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The longest file that is looked into, bytes.
const FILE_MAX: u64 = 1 << 20;

/// Names of what an operation works on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) project: Option<String>,
    pub(crate) stack: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) workspace: Option<String>,
    pub(crate) root: Option<String>,
    /// Who the tool takes its user for.
    pub(crate) user: Option<String>,
}

impl Names {
    /// Of an operation that was asked for: arguments before variables before files.
    pub(crate) fn of(start: &Start, asked: &Asked) -> Self {
        match asked.tool {
            Tool::Pulumi => pulumi(start, asked),
            Tool::Terraform | Tool::Tofu => terraform(start, asked),
        }
    }
}

fn pulumi(start: &Start, asked: &Asked) -> Names {
    let project_file = asked.folder.ancestors().find_map(|folder| {
        let files = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];
        files.iter().map(|name| folder.join(name)).find(|path| path.is_file())
    });
    let project = project_file.as_deref().and_then(project_name);
    let home = home(start);
    let stack = asked.stack.clone();
    let stack = stack.or_else(|| selected_stack(home.as_deref()?, project.as_deref()?, project_file.as_deref()?));
    // [[ORGANIZATION/]PROJECT/]STACK; a self-managed backend's `organization` stands for none.
    let parts: Vec<String> = stack
        .iter()
        .flat_map(|stack| stack.split('/'))
        .map(str::to_owned)
        .collect();
    let (organization, project, stack) = match parts.as_slice() {
        [organization, project, stack] => (Some(organization.clone()), Some(project.clone()), Some(stack.clone())),
        [organization, stack] => (Some(organization.clone()), project, Some(stack.clone())),
        [stack] => (None, project, Some(stack.clone())),
        _ => (None, project, None),
    };
    Names {
        project,
        stack,
        organization: organization.filter(|name| name != "organization"),
        user: home.as_deref().and_then(user),
        ..Names::default()
    }
}

fn terraform(start: &Start, asked: &Asked) -> Names {
    let data = start.var("TF_DATA_DIR").unwrap_or(".terraform");
    let selected = || read(&asked.folder.join(data).join("environment")).map(|text| text.trim().to_owned());
    let workspace = asked.stack.clone().or_else(selected).filter(|name| !name.is_empty());
    Names {
        workspace: Some(workspace.unwrap_or_else(|| "default".to_owned())),
        root: Some(asked.folder.display().to_string()),
        ..Names::default()
    }
}

/// The project's name: the top-level key of a YAML file whose other parts do not matter here.
fn project_name(file: &Path) -> Option<String> {
    let text = read(file)?;
    if file.extension().is_some_and(|extension| extension == "json") {
        let document: Value = serde_json::from_str(&text).ok()?;
        return document["name"].as_str().map(str::to_owned);
    }
    let line = text.lines().find_map(|line| line.strip_prefix("name:"))?;
    let name = line.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// The stack that `pulumi stack select` chose: in `workspaces/PROJECT-SHA1-workspace.json`, of the project file's path.
fn selected_stack(home: &Path, project: &str, file: &Path) -> Option<String> {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, file.as_os_str().as_bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{project}-{hash}-workspace.json");
    let document: Value = serde_json::from_str(&read(&home.join("workspaces").join(name))?).ok()?;
    document["stack"].as_str().map(str::to_owned)
}

/// The user that `pulumi login` left in `credentials.json`, of the backend in use.
fn user(home: &Path) -> Option<String> {
    let document: Value = serde_json::from_str(&read(&home.join("credentials.json"))?).ok()?;
    let backend = document["current"].as_str()?;
    let user = document["accounts"][backend]["username"].as_str()?;
    (!user.is_empty()).then(|| user.to_owned())
}

/// Whom the Pulumi of an environment takes its user for.
pub(crate) fn pulumi_user(var: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    user(&pulumi_home(var)?)
}

fn home(start: &Start) -> Option<PathBuf> {
    pulumi_home(&|name| start.var(name).map(str::to_owned))
}

fn pulumi_home(var: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = var("PULUMI_HOME").map(PathBuf::from);
    named.or_else(|| var("HOME").map(|home| Path::new(&home).join(".pulumi")))
}

/// A small file's text; `None` for anything else.
fn read(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > FILE_MAX {
        return None;
    }
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests;
