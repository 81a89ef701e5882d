//! `GET /api/stacks/{org}/{project}/{stack}/updates`: a stack's history, newest first.
//!
//! Message, configuration and environment, most of its bytes, are skipped where they stand, unless updates are recorded.

use super::about::{self, Told};
use super::list::List;
use super::{Api, ApiError, Operation};
use crate::counting::Update;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::fmt;

/// `UpdateInfo`; `ABOUT`: with what is recorded of it.
#[derive(Deserialize)]
struct Item<const ABOUT: bool> {
    info: Info<ABOUT>,
    #[serde(default, rename = "updateID")]
    id: Option<String>,
    #[serde(default, rename = "requestedBy")]
    by: Told<ABOUT>,
}

/// `AppUpdateInfo`. An update that has not begun or ended may lack the time of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info<const ABOUT: bool> {
    kind: String,
    result: String,
    #[serde(default)]
    start_time: Option<i64>,
    #[serde(default)]
    end_time: Option<i64>,
    version: u64,
    #[serde(default)]
    resource_changes: Option<Changes>,
    #[serde(default)]
    message: Told<ABOUT>,
    #[serde(default)]
    environment: Told<ABOUT>,
    #[serde(default)]
    config: Told<ABOUT>,
}

/// Resources by operation.
#[derive(Debug, Default)]
struct Changes(Vec<(String, i64)>);

impl<'de> Deserialize<'de> for Changes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Operations;
        impl<'de> Visitor<'de> for Operations {
            type Value = Changes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("numbers by operation")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Changes, A::Error> {
                let mut changes = Vec::new();
                while let Some(change) = fields.next_entry()? {
                    changes.push(change);
                }
                Ok(Changes(changes))
            }
        }
        deserializer.deserialize_map(Operations)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<const ABOUT: bool> {
    updates: List<Item<ABOUT>>,
    #[serde(default)]
    items_per_page: Option<u32>,
}

/// A page of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdatePage {
    /// Newest first.
    pub updates: Vec<Update>,
    /// How many a page has, unless it is the last: the service may give fewer than it was asked for.
    pub size: Option<u32>,
}

impl<const ABOUT: bool> From<Item<ABOUT>> for Update {
    fn from(Item { info, id, by }: Item<ABOUT>) -> Self {
        let about = ABOUT.then(|| about::about(&by.0, &info.message.0, &info.environment.0, &info.config.0));
        Self {
            version: info.version,
            kind: info.kind,
            result: info.result,
            start: info.start_time.unwrap_or(0),
            end: info.end_time.unwrap_or(0),
            changes: info.resource_changes.unwrap_or_default().0,
            id,
            about: about.map(Box::new),
        }
    }
}

impl<const ABOUT: bool> From<Answer<ABOUT>> for UpdatePage {
    fn from(answer: Answer<ABOUT>) -> Self {
        Self {
            updates: answer.updates.0.into_iter().map(Update::from).collect(),
            size: answer.items_per_page,
        }
    }
}

impl Api {
    /// A page of a stack's history; pages count from 1.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn updates(&self, stack: [&str; 3], page: u32, size: u32) -> Result<UpdatePage, ApiError> {
        let [organization, project, name] = stack;
        let path = ["api", "stacks", organization, project, name, "updates"];
        let (page, size) = (page.to_string(), size.to_string());
        let query = [("output-type", "service"), ("page", &*page), ("pageSize", &*size)];
        Ok(match self.tells_about() {
            true => self
                .get::<Answer<true>>(Operation::Updates, &path, &query)
                .await?
                .into(),
            false => self
                .get::<Answer<false>>(Operation::Updates, &path, &query)
                .await?
                .into(),
        })
    }
}
