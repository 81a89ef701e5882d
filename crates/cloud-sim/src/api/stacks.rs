//! Stacks: the list and the single one.

use std::ops::Bound;

use serde_json::{Value, json};

use super::request::{Refusal, Request};
use crate::world::{Stack, StackPath, World};

const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

/// The token is the path of the last stack of a page, so that a stack that goes meanwhile shifts nothing.
pub(super) fn list(world: &World, request: &Request) -> Result<Value, Refusal> {
    let size = request.page_size("maxResults", PAGE, LARGEST_PAGE)?;
    let organization = request.text("organization");
    if organization.is_some_and(|name| !world.organizations().contains_key(name)) {
        return Err(Refusal::new(404, "Not Found: Organization not found"));
    }
    let after = request.token().map(path_of).transpose()?;
    let first = StackPath::new(organization.unwrap_or(""), "", "");
    let from = after.filter(|path| *path >= first);
    let from = from.map_or(Bound::Included(first), Bound::Excluded);
    let mut stacks = world
        .stacks()
        .range((from, Bound::Unbounded))
        .take_while(|(path, _)| organization.is_none_or(|name| path.org == name))
        .filter(|(path, _)| request.text("project").is_none_or(|project| path.project == project))
        .peekable();
    let page: Vec<_> = stacks.by_ref().take(size).collect();
    let mut answer = json!({ "stacks": page.iter().map(|(path, stack)| summary(path, stack)).collect::<Vec<_>>() });
    if let (Some(_), Some((last, _))) = (stacks.peek(), page.last()) {
        answer["continuationToken"] = Value::String(token_of(last));
    }
    Ok(answer)
}

/// `AppStackSummary`; what a stack that was never updated does not have is left out.
fn summary(path: &StackPath, stack: &Stack) -> Value {
    let mut summary = json!({
        "id": stack.id,
        "orgName": path.org,
        "projectName": path.project,
        "stackName": path.stack,
        "links": { "self": format!("https://app.pulumi.example/{path}") },
    });
    if let Some(start) = stack.last_started() {
        summary["lastUpdate"] = start.into();
        summary["resourceCount"] = stack.resource_count().into();
    }
    summary
}

pub(super) fn one(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (path, stack) = request.stack(world)?;
    let version = stack.newest();
    let mut answer = json!({
        "id": stack.id,
        "orgName": path.org,
        "projectName": path.project,
        "stackName": path.stack,
        "activeUpdate": if version == 0 { String::new() } else { stack.update_id(version) },
        "tags": { "pulumi:project": path.project, "pulumi:runtime": "nodejs" },
        "version": version,
    });
    let running = stack.open().last().and_then(|version| stack.update(version));
    if let Some(update) = running {
        answer["currentOperation"] = json!({ "kind": update.kind.as_str(), "author": "dana", "started": update.start });
    }
    Ok(answer)
}

pub(super) fn resource_count(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (_, stack) = request.stack(world)?;
    Ok(json!({ "resourceCount": stack.resource_count(), "version": stack.newest() }))
}

/// Names have no `/`.
fn token_of(path: &StackPath) -> String {
    format!("after-{path}")
}

fn path_of(token: &str) -> Result<StackPath, Refusal> {
    let refusal = || Refusal::new(400, "Invalid 'continuationToken' value.");
    let mut parts = token.strip_prefix("after-").ok_or_else(refusal)?.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(org), Some(project), Some(stack), None) => Ok(StackPath::new(org, project, stack)),
        _ => Err(refusal()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_its_path_and_nothing_else_is_one() {
        let path = StackPath::new("acme", "shop", "prod");
        assert_eq!(path_of(&token_of(&path)), Ok(path));
        for token in ["", "at-3", "after-a/b", "after-a/b/c/d"] {
            assert!(path_of(token).is_err(), "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_token_is_answered(token in ".*", org in "[a-z]+", project in "[^/]*", stack in "[^/]*") {
            let _answered = path_of(&token);
            let path = StackPath::new(&org, &project, &stack);
            prop_assert_eq!(path_of(&token_of(&path)), Ok(path));
        }
    }
}
