//! `GET /api/orgs/{org}/auditlogs/v2`: who did what in an organization, newest first.

use super::about::{Told, login};
use super::list::List;
use super::{Api, ApiError, Operation, Page};
use serde::Deserialize;

/// An entry (`AuditLogEvent`). It has no id.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditEntry {
    /// Unix seconds.
    pub time: i64,
    /// The service's word for what happened (`member.added`).
    pub event: String,
    /// The same for people.
    pub description: String,
    /// Who did it.
    pub user: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// The access token that was used: its id and its name.
    pub token: [Option<String>; 2],
    /// What did it, where it is no person: name and URN.
    pub actor: [Option<String>; 2],
    /// Somebody was refused.
    pub is_refusal: bool,
    /// It took an administrator of the organization.
    pub took_org_admin: bool,
    /// It took an administrator of the stack.
    pub took_stack_admin: bool,
}

/// What is missing or null says nothing; without a time or a word it is no entry.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    timestamp: i64,
    event: String,
    description: Option<String>,
    #[serde(default)]
    user: Told<true>,
    #[serde(rename = "sourceIP")]
    source_ip: Option<String>,
    #[serde(rename = "tokenID")]
    token_id: Option<String>,
    token_name: Option<String>,
    actor_name: Option<String>,
    actor_urn: Option<String>,
    auth_failure: Option<bool>,
    req_org_admin: Option<bool>,
    req_stack_admin: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    audit_log_events: List<Item>,
    #[serde(default)]
    continuation_token: Option<String>,
}

impl From<Item> for AuditEntry {
    fn from(item: Item) -> Self {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            time: item.timestamp,
            event: item.event,
            description: item.description.unwrap_or_default(),
            user: login(&item.user.0),
            address: said(item.source_ip),
            token: [said(item.token_id), said(item.token_name)],
            actor: [said(item.actor_name), said(item.actor_urn)],
            is_refusal: item.auth_failure.unwrap_or(false),
            took_org_admin: item.req_org_admin.unwrap_or(false),
            took_stack_admin: item.req_stack_admin.unwrap_or(false),
        }
    }
}

impl Api {
    /// A page of an organization's audit log from `since` on (Unix seconds, included).
    ///
    /// # Errors
    /// [`ApiError`]; 403 or 404 where the organization has none, or the token may not read it.
    pub async fn audit_log(
        &self,
        organization: &str,
        since: i64,
        token: Option<&str>,
    ) -> Result<Page<Vec<AuditEntry>>, ApiError> {
        let since = since.to_string();
        let mut query = vec![("startTime", since.as_str())];
        query.extend(token.map(|token| ("continuationToken", token)));
        let path = ["api", "orgs", organization, "auditlogs", "v2"];
        let answer: Answer = self.get(Operation::AuditLog, &path, &query).await?;
        let entries = answer.audit_log_events.0.into_iter().map(AuditEntry::from);
        Ok(Page::new(entries.collect(), answer.continuation_token))
    }
}
