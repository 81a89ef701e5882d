//! An exporter without haste: it asks for everything at every poll and keeps all it ever saw. It knows the server's answers
//! and nothing of the world, so that truth and answers are held against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sitelog_cloud_sim::{Backfill, Histogram, Series, StackPath, Truth};

use crate::client::Client;

#[derive(Default)]
pub(crate) struct Exporter {
    /// Updates by id that were counted or never will be.
    settled: BTreeSet<String>,
    /// By the id of the newest update: the latest end, of histories in which everything has ended. They stay as they are.
    ended: BTreeMap<String, i64>,
    begun: bool,
    sums: BTreeMap<Series, i64>,
    histograms: BTreeMap<Series, Histogram>,
    states: BTreeMap<Series, f64>,
}

impl Exporter {
    pub(crate) fn poll(&mut self, client: &Client, now: i64, backfill: Backfill) -> Truth {
        let stacks = client
            .pages(
                "/api/user/stacks?organization=acme&maxResults=500",
                "stacks",
                "continuationToken",
            )
            .0;
        let mut gauges = BTreeMap::new();
        let mut paths = BTreeSet::new();
        for stack in &stacks {
            let name = |field: &str| stack[field].as_str().unwrap();
            let path = StackPath::new(name("orgName"), name("projectName"), name("stackName"));
            let resources = stack["resourceCount"].as_f64().unwrap_or(0.0);
            gauges.insert(Series::of_stack("pulumi_stack_resource_count", &path, &[]), resources);
            if stack.get("lastUpdate").is_some() {
                let ended = self.poll_stack(client, &path, now, backfill);
                let last = Series::of_stack("pulumi_stack_last_update_timestamp", &path, &[]);
                gauges.extend(ended.map(|ended| (last, ended as f64)));
            }
            paths.insert(path);
        }
        self.begun = true;
        gauges.extend(organization(client));
        let states = by_state(client);
        let fallen = self.states.keys().filter(|series| !states.contains_key(*series));
        gauges.extend(fallen.map(|series| (series.clone(), 0.0)));
        gauges.extend(states.clone());
        self.states = states;
        let there = |series: &Series| series.path().is_some_and(|path| paths.contains(&path));
        let sums = self.sums.iter().filter(|(series, _)| there(series));
        let histograms = self.histograms.iter().filter(|(series, _)| there(series));
        Truth {
            gauges,
            sums: sums.map(|(series, sum)| (series.clone(), *sum)).collect(),
            histograms: histograms
                .map(|(series, durations)| (series.clone(), durations.clone()))
                .collect(),
            ended: BTreeSet::new(),
        }
    }

    /// Counts what is new; the latest end.
    fn poll_stack(&mut self, client: &Client, path: &StackPath, now: i64, backfill: Backfill) -> Option<i64> {
        let newest = client.get(&format!("/api/stacks/{path}/updates/latest"))["updateID"].to_string();
        if let Some(ended) = self.ended.get(&newest) {
            return Some(*ended);
        }
        let answer = client.get(&format!("/api/stacks/{path}/updates?output-type=service"));
        let (mut latest, mut all_ended) = (None, true);
        for update in answer["updates"].as_array().unwrap() {
            let info = &update["info"];
            if !["succeeded", "failed"].contains(&info["result"].as_str().unwrap()) {
                all_ended = false;
                continue;
            }
            let end = info["endTime"].as_i64().unwrap();
            latest = latest.max(Some(end));
            let in_window = match backfill {
                Backfill::None => false,
                Backfill::Window(seconds) => end >= now - seconds,
                Backfill::All => true,
            };
            if self.settled.insert(update["updateID"].as_str().unwrap().to_owned()) && (self.begun || in_window) {
                self.count(path, info);
            }
        }
        if let Some(ended) = latest.filter(|_| all_ended) {
            self.ended.insert(newest, ended);
        }
        latest
    }

    fn count(&mut self, path: &StackPath, info: &Value) {
        let text = |field: &str| info[field].as_str().unwrap();
        let number = |field: &str| info[field].as_i64().unwrap();
        let labels = [("kind", text("kind")), ("result", text("result"))];
        *self
            .sums
            .entry(Series::of_stack("pulumi_update_total", path, &labels))
            .or_default() += 1;
        let duration = Series::of_stack("pulumi_update_duration_seconds", path, &labels);
        let seconds = (number("endTime") - number("startTime")) as f64;
        self.histograms.entry(duration).or_default().record(seconds);
        for (operation, changed) in info["resourceChanges"].as_object().unwrap() {
            let labels = [("kind", text("kind")), ("operation", operation)];
            let series = Series::of_stack("pulumi_update_resource_changes", path, &labels);
            *self.sums.entry(series).or_default() += changed.as_i64().unwrap();
        }
    }
}

fn organization(client: &Client) -> BTreeMap<Series, f64> {
    let length = |path: &str, list: &str, token: &str| client.pages(path, list, token).0.len() as f64;
    let policy = client.get("/api/orgs/acme/policyresults/metadata");
    let total = |field: &str| policy[field].as_f64().unwrap();
    let token = "continuationToken";
    BTreeMap::from(
        [
            (
                "pulumi_org_member_count",
                length("/api/orgs/acme/members", "members", token),
            ),
            ("pulumi_org_team_count", length("/api/orgs/acme/teams", "teams", token)),
            (
                "pulumi_org_environment_count",
                length("/api/esc/environments/acme", "environments", "nextToken"),
            ),
            (
                "pulumi_org_policy_group_count",
                length("/api/orgs/acme/policygroups", "policyGroups", token),
            ),
            (
                "pulumi_org_policy_pack_count",
                length("/api/orgs/acme/policypacks", "policyPacks", token),
            ),
            ("pulumi_org_policy_total", total("policyTotalCount")),
            ("pulumi_org_policy_with_issues", total("policyWithIssuesCount")),
            ("pulumi_org_governed_resources_total", total("resourcesTotalCount")),
            (
                "pulumi_org_governed_resources_with_issues",
                total("resourcesWithIssuesCount"),
            ),
        ]
        .map(|(metric, value)| (Series::new(metric, &[("org", "acme")]), value)),
    )
}

fn by_state(client: &Client) -> BTreeMap<Series, f64> {
    let mut states = BTreeMap::new();
    let counts = client.get("/api/orgs/acme/deployments/metadata")["deploymentCounts"].clone();
    for (field, status) in [
        ("notStarted", "not-started"),
        ("accepted", "accepted"),
        ("running", "running"),
        ("failed", "failed"),
        ("succeeded", "succeeded"),
        ("skipped", "skipped"),
    ] {
        let count = counts[field].as_f64().unwrap();
        if count > 0.0 {
            let labels = [("org", "acme"), ("status", status)];
            states.insert(Series::new("pulumi_deployment_status", &labels), count);
        }
    }
    let mut add = |series| *states.entry(series).or_insert(0.0) += 1.0;
    let violations = "/api/orgs/acme/policyresults/violationsv2";
    for violation in client.pages(violations, "policyViolations", "continuationToken").0 {
        let kind = Some(violation["kind"].as_str().unwrap()).filter(|kind| !kind.is_empty());
        let labels = [
            ("org", "acme"),
            ("level", violation["level"].as_str().unwrap()),
            ("kind", kind.unwrap_or("unknown")),
        ];
        add(Series::new("pulumi_org_policy_violations", &labels));
    }
    for task in client
        .pages("/api/preview/agents/acme/tasks", "tasks", "continuationToken")
        .0
    {
        let labels = [("org", "acme"), ("status", task["status"].as_str().unwrap())];
        add(Series::new("pulumi_org_neo_task_count", &labels));
    }
    states
}
