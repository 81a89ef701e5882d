//! What a run did, from the state files before and after it.

use super::tally::Done;
use serde_json::Value;
use std::collections::BTreeMap;

/// Instances by address.
type Instances = BTreeMap<String, Instance>;

#[derive(Debug, PartialEq)]
struct Instance {
    id: Value,
    attributes: Value,
    tainted: bool,
}

/// What is in both states, compared; `moved` are addresses that only changed their name.
pub(crate) fn changes(before: &[u8], after: &[u8], moved: &[(&str, &str)]) -> Done {
    let (mut before, after) = (instances(before), instances(after));
    for (from, to) in moved {
        if let Some(instance) = before.remove(*from) {
            before.insert((*to).to_owned(), instance);
        }
    }
    let mut done = Done::default();
    for (address, new) in &after {
        if new.tainted {
            done.tainted.insert(address.clone());
        }
        match before.get(address) {
            None => drop(done.created.insert(address.clone())),
            Some(old) if old.id != new.id => drop(done.replaced.insert(address.clone())),
            Some(old) if old.attributes != new.attributes => drop(done.updated.insert(address.clone())),
            Some(_) => {}
        }
    }
    done.deleted = before
        .into_keys()
        .filter(|address| !after.contains_key(address))
        .collect();
    done
}

fn instances(state: &[u8]) -> Instances {
    if state.is_empty() {
        return Instances::new();
    }
    let state: Value = serde_json::from_slice(state).unwrap();
    let mut all = Instances::new();
    for resource in state["resources"].as_array().unwrap() {
        if resource["mode"] != "managed" {
            continue;
        }
        let module = resource["module"]
            .as_str()
            .map(|module| format!("{module}."))
            .unwrap_or_default();
        let (kind, name) = (resource["type"].as_str().unwrap(), resource["name"].as_str().unwrap());
        for instance in resource["instances"].as_array().unwrap() {
            // A deposed object is none of the address' own: the next apply takes it down.
            if instance.get("deposed").is_some() {
                continue;
            }
            let key = match &instance["index_key"] {
                Value::String(key) => format!("[\"{}\"]", escaped(key)),
                Value::Number(key) => format!("[{key}]"),
                _ => String::new(),
            };
            let attributes = instance["attributes"].clone();
            let found = Instance {
                id: attributes["id"].clone(),
                tainted: instance["status"] == "tainted",
                attributes,
            };
            all.insert(format!("{module}{kind}.{name}{key}"), found);
        }
    }
    all
}

/// A key as addresses write it.
fn escaped(key: &str) -> String {
    let key = key
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\t', "\\t")
        .replace('\n', "\\n");
    key.replace("${", "$${").replace("%{", "%%{")
}
