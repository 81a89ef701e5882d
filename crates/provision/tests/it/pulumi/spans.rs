//! The trace of an operation: a span for itself, one for each step, below the span of the component they belong to.

use super::captures::{Played, START, play_case, truths};
use crate::records::{completed, context, named, text};
use sitelog_model::otlp::trace::v1::Span;
use sitelog_model::otlp::trace::v1::status::StatusCode;

fn last(case: &str) -> Played {
    play_case(case, &truths()[case]).pop().unwrap()
}

fn span<'a>(played: &'a Played, name: &str) -> Vec<&'a Span> {
    let named = |span: &&Span| text(&span.attributes, "sitelog.resource.name") == Some(name);
    played.out.spans.iter().filter(named).collect()
}

#[test]
fn steps_stand_below_their_components_and_those_below_the_operation() {
    let played = last("01-up-create");
    let root = played.out.spans.last().unwrap();
    assert_eq!(root.name, "pulumi up");
    assert_eq!(root.parent_span_id, context("grpc").place.span.0);
    assert_eq!(root.start_time_unix_nano, START);
    assert_eq!(played.out.spans.len(), 17 + 1, "as many as resources, and itself");
    let [stack, network, subnet, id] =
        ["payments-prod", "core", "core-a", "core-a-id"].map(|name| span(&played, name)[0]);
    assert_eq!(stack.name, "create pulumi:pulumi:Stack");
    assert_eq!(stack.parent_span_id, root.span_id);
    assert_eq!(network.parent_span_id, stack.span_id);
    assert_eq!(subnet.parent_span_id, network.span_id);
    assert_eq!(id.parent_span_id, subnet.span_id);
    assert!(network.start_time_unix_nano < subnet.start_time_unix_nano);
}

#[test]
fn a_replacement_has_a_span_for_each_of_its_steps() {
    let played = last("04-up-change");
    let steps: Vec<_> = span(&played, "core-name")
        .iter()
        .map(|s| text(&s.attributes, "pulumi.op").unwrap())
        .collect();
    assert_eq!(steps, ["create-replacement", "replace", "delete-replaced"]);
    assert!(
        span(&played, "core-name")
            .iter()
            .all(|s| s.name == "replace random:index/randomPet:RandomPet")
    );
}

/// A refresh begins with one word and ends with another.
#[test]
fn a_refresh_is_one_span_a_resource() {
    let played = last("06-refresh");
    assert_eq!(played.out.spans.len(), 17 + 1);
    assert!(
        played
            .out
            .spans
            .iter()
            .all(|span| !matches!(&span.status, Some(s) if s.code == StatusCode::Error as i32))
    );
}

#[test]
fn what_failed_has_a_status_and_a_reason() {
    let played = last("07-up-fail");
    let failed = span(&played, "smoke-test")[0];
    let status = failed.status.as_ref().unwrap();
    assert_eq!(status.code, StatusCode::Error as i32);
    assert_eq!(status.message, "failed to create command:local:Command smoke-test");
    assert_eq!(text(&failed.attributes, "error.type"), Some("engine"));
    let root = played.out.spans.last().unwrap();
    assert_eq!(text(&root.attributes, "error.type"), Some("exit_1"));
    let record = named(&played.out, "sitelog.resource.failed")[0];
    assert_eq!(record.span_id, failed.span_id);
    assert_eq!(completed(&played.out).span_id, root.span_id);
}

#[test]
fn what_is_said_of_a_resource_stands_in_its_span() {
    let played = last("10-up-chatty");
    let chatty = span(&played, "chatty")[0];
    let lines = named(&played.out, "sitelog.diagnostic")
        .into_iter()
        .filter(|r| r.span_id == chatty.span_id);
    assert_eq!(lines.count(), 400);
}

/// Deletions go from the leaves up: the parent's step is not there yet, and the operation stands in for it.
#[test]
fn a_step_whose_parent_comes_later_stands_below_the_operation() {
    let played = last("12-destroy");
    let root = &played.out.spans.last().unwrap().span_id;
    assert!(
        span(&played, "core-a-id")
            .iter()
            .all(|span| &span.parent_span_id == root)
    );
}
