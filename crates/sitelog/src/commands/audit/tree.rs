//! An operation's resources as a tree: what became of each, below the one that it belongs to.

use sitelog_model::attributes as name;
use sitelog_store::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What became of one resource over all its steps.
pub(super) struct Resource<'a> {
    pub(super) address: &'a str,
    pub(super) short: &'a str,
    pub(super) kind: &'a str,
    pub(super) action: &'a str,
    pub(super) parent: Option<&'a str>,
    pub(super) failed: bool,
    pub(super) done: bool,
    /// Nothing was done, only said that it would be.
    pub(super) planned: bool,
    /// First sign of it and last, Unix nanoseconds.
    pub(super) times: (u64, u64),
}

/// The resources in the order in which they were begun.
pub(super) fn resources(entries: &[Entry]) -> Vec<Resource<'_>> {
    let mut all: Vec<Resource<'_>> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for entry in entries {
        let (Some(step), Some(address)) = (
            entry.event.strip_prefix("sitelog.resource."),
            entry.text(name::SITELOG_RESOURCE_URN),
        ) else {
            continue;
        };
        let text = |key: &str| entry.text(key).unwrap_or_default();
        let place = *at.entry(address).or_insert_with(|| {
            all.push(Resource {
                address,
                short: text(name::SITELOG_RESOURCE_NAME),
                kind: text(name::SITELOG_RESOURCE_TYPE),
                action: "",
                parent: None,
                failed: false,
                done: false,
                planned: true,
                times: (entry.time, entry.time),
            });
            all.len() - 1
        });
        let resource = &mut all[place];
        let is_plan = entry.is_true(name::SITELOG_RESOURCE_PLANNED);
        if resource.planned && !is_plan {
            resource.planned = false;
            resource.times = (entry.time, entry.time);
            resource.done = false;
        }
        resource.times.1 = resource.times.1.max(entry.time);
        resource.parent = entry.text(name::SITELOG_RESOURCE_PARENT).or(resource.parent);
        resource.failed |= step == "failed";
        resource.done |= step != "started";
        // What was done says more than what was begun; a replacement stays one whatever its steps are called.
        if resource.action.is_empty() || step != "started" && resource.action != "replace" {
            resource.action = entry.text(name::SITELOG_RESOURCE_ACTION).unwrap_or(resource.action);
        }
    }
    all
}

/// Each resource with the beginning of its line, parents before children.
pub(super) fn lines<'r, 'a>(resources: &'r [Resource<'a>]) -> Vec<(String, &'r Resource<'a>)> {
    let known: HashSet<&str> = resources.iter().map(|resource| resource.address).collect();
    let mut children: BTreeMap<Option<&str>, Vec<&Resource<'_>>> = BTreeMap::new();
    for resource in resources {
        let parent = resource
            .parent
            .filter(|parent| known.contains(parent) && *parent != resource.address);
        children.entry(parent).or_default().push(resource);
    }
    let mut out = Vec::with_capacity(resources.len());
    let mut seen = HashSet::new();
    descend(&children, None, "", &mut seen, &mut out);
    // Resources that claim to be one another's parents hang below nobody.
    let lost: Vec<&Resource<'_>> = resources
        .iter()
        .filter(|resource| !seen.contains(resource.address))
        .collect();
    out.extend(lost.into_iter().map(|resource| (String::new(), resource)));
    out
}

/// Depth first, without recursion deeper than the tree's levels; those of real programs are few.
fn descend<'r, 'a>(
    children: &BTreeMap<Option<&'a str>, Vec<&'r Resource<'a>>>,
    parent: Option<&'a str>,
    indent: &str,
    seen: &mut HashSet<&'a str>,
    out: &mut Vec<(String, &'r Resource<'a>)>,
) {
    const DEEPEST: usize = 100;
    let Some(below) = children.get(&parent) else { return };
    for (place, resource) in below.iter().enumerate() {
        if !seen.insert(resource.address) {
            continue;
        }
        let last = place + 1 == below.len();
        let (own, next) = match (parent, last) {
            (None, _) => (String::new(), String::new()),
            (_, true) => (format!("{indent}└─ "), format!("{indent}   ")),
            (_, false) => (format!("{indent}├─ "), format!("{indent}│  ")),
        };
        out.push((own, resource));
        if indent.chars().count() < DEEPEST * 3 {
            descend(children, Some(resource.address), &next, seen, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Resource, lines};

    fn resource<'a>(address: &'a str, parent: Option<&'a str>) -> Resource<'a> {
        Resource {
            address,
            short: address,
            kind: "",
            action: "create",
            parent,
            failed: false,
            done: true,
            planned: false,
            times: (0, 0),
        }
    }

    #[test]
    fn children_hang_below_their_parents() {
        let all = [
            resource("stack", None),
            resource("net", Some("stack")),
            resource("a", Some("net")),
            resource("b", Some("stack")),
            resource("c", Some("net")),
            resource("alone", Some("elsewhere")),
        ];
        let drawn: Vec<String> = lines(&all)
            .iter()
            .map(|(indent, r)| format!("{indent}{}", r.address))
            .collect();
        assert_eq!(drawn, ["stack", "├─ net", "│  ├─ a", "│  └─ c", "└─ b", "alone"]);
    }

    #[test]
    fn a_circle_ends() {
        let all = [resource("x", Some("y")), resource("y", Some("x"))];
        assert_eq!(lines(&all).len(), 2);
    }
}
