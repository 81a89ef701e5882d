//! Facts of the readers, told to an operation: what its records say is what the states say.

use super::captures::{CASES, forms, truth};
use crate::records::{completed, context, named, text, texts, yes};
use sitelog_model::attributes as name;
use sitelog_provision::{Context, End, Fact, Operation, Output, Tool, Verb};
use std::collections::BTreeSet;

fn records(case: &str, facts: Vec<Fact>, exit: i64) -> Output {
    let verb = match case {
        case if case.contains("-plan-") => Verb::Plan,
        case if case.contains("destroy") => Verb::Destroy,
        _ => Verb::Apply,
    };
    let tool = if case.starts_with('u') {
        Tool::Tofu
    } else {
        Tool::Terraform
    };
    let context = Context {
        tool,
        verb: Some(verb),
        ..context("stdout")
    };
    let mut operation = Operation::begin(context, 1);
    let mut out = Output::default();
    for (at, fact) in facts.into_iter().enumerate() {
        operation.tell(fact, 2 + at as u64, &mut out);
    }
    let end = End {
        exit_code: i32::try_from(exit).ok(),
        streams: 1,
        ..End::default()
    };
    operation.end(&end, u64::MAX / 2, &mut out);
    out
}

/// Scenario: every recorded run, in each form, told to an operation.
/// Guarantees: one end with the result that the states say, the same resources failed, each once, and no disagreement
/// between the engine's numbers and ours.
#[test]
fn records_say_what_the_states_say() {
    for case in CASES {
        let (done, outcome, exit) = truth(case);
        for facts in forms(case) {
            let out = records(case, facts, exit);
            let end = &completed(&out).attributes;
            assert_eq!(
                text(end, name::SITELOG_OPERATION_RESULT),
                Some(outcome.as_str()),
                "{case}"
            );
            assert_eq!(
                texts(end, name::SITELOG_SUMMARY_DISAGREEMENT),
                Vec::<String>::new(),
                "{case}"
            );
            assert_eq!(yes(end, name::SITELOG_SUMMARY_MISSING), exit == 1, "{case}");
            let failed = named(&out, "sitelog.resource.failed");
            let addresses: BTreeSet<_> = failed
                .iter()
                .map(|record| text(&record.attributes, name::SITELOG_RESOURCE_URN).unwrap().to_owned())
                .collect();
            assert_eq!(addresses, done.failed, "{case}");
            assert_eq!(failed.len(), done.failed.len(), "{case}: one record each");
        }
    }
}
