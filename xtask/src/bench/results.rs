//! The harness's measurements: a JSON object a line, one or more for a program in a scenario.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// What one program did in one scenario, all repetitions.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) program: String,
    repetitions: Vec<Map<String, Value>>,
}

impl Row {
    /// Median over the repetitions; none when the harness did not measure that.
    pub(crate) fn median(&self, field: &str) -> Option<f64> {
        let mut values: Vec<f64> = self
            .repetitions
            .iter()
            .filter_map(|one| figure(one.get(field)?))
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() {
            0 => None,
            count if count % 2 == 1 => Some(values[middle]),
            _ => Some((values[middle - 1] + values[middle]) / 2.0),
        }
    }

    /// Median of the sum of two fields, the second 0 where absent.
    pub(crate) fn sum(&self, field: &str, other: &str) -> Option<f64> {
        Some(self.median(field)? + self.median(other).unwrap_or(0.0))
    }

    /// Whether the harness cut a repetition short.
    pub(crate) fn timed_out(&self) -> bool {
        self.repetitions
            .iter()
            .any(|one| one.get("timeout") == Some(&Value::Bool(true)))
    }
}

/// A number, or the sum of the counts of an object (the sink counts leaked secrets by their kind).
fn figure(value: &Value) -> Option<f64> {
    match value {
        Value::Object(counts) => counts.values().map(Value::as_f64).sum(),
        number => number.as_f64(),
    }
}

/// Rows in the order of their first measurement.
pub(crate) fn parse(text: &str) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let measurement: Map<String, Value> =
            serde_json::from_str(line).with_context(|| format!("measurement {}", index + 1))?;
        let name = |field: &str| measurement.get(field).and_then(Value::as_str).map(str::to_owned);
        let scenario = name("scenario").with_context(|| format!("measurement {}: no scenario", index + 1))?;
        let program = name("wrapper").with_context(|| format!("measurement {}: no wrapper", index + 1))?;
        match rows
            .iter_mut()
            .find(|row| row.scenario == scenario && row.program == program)
        {
            Some(row) => row.repetitions.push(measurement),
            None => rows.push(Row {
                scenario,
                program,
                repetitions: vec![measurement],
            }),
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repetitions_of_a_program_are_one_row_with_a_median() {
        let rows = parse(
            "{\"scenario\":\"burst\",\"wrapper\":\"a\",\"wall\":3,\"timeout\":false}\n\
             {\"scenario\":\"burst\",\"wrapper\":\"b\",\"wall\":1,\"drain_s\":0.5}\n\
             {\"scenario\":\"burst\",\"wrapper\":\"a\",\"wall\":1,\"timeout\":true}\n\
             {\"scenario\":\"burst\",\"wrapper\":\"a\",\"wall\":2}\n",
        )
        .unwrap();
        let [a, b] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((a.median("wall"), a.median("cpu")), (Some(2.0), None));
        assert_eq!(
            (a.sum("wall", "drain_s"), b.sum("wall", "drain_s")),
            (Some(2.0), Some(1.5))
        );
        assert!(a.timed_out() && !b.timed_out());
    }

    #[test]
    fn counts_by_kind_are_added() {
        let rows = parse("{\"scenario\":\"s\",\"wrapper\":\"w\",\"leaks\":{\"token\":2,\"key\":3}}").unwrap();
        assert_eq!(rows[0].median("leaks"), Some(5.0));
    }

    #[test]
    fn a_line_that_is_no_measurement_is_named() {
        let error = parse("{\"scenario\":\"a\",\"wrapper\":\"b\"}\n{}\n").unwrap_err();
        assert_eq!(error.to_string(), "measurement 2: no scenario");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn a_median_lies_between_the_extremes(values in prop::collection::vec(any::<i32>(), 1..9)) {
            let line = |value: &i32| format!("{{\"scenario\":\"s\",\"wrapper\":\"w\",\"wall\":{value}}}\n");
            let rows = parse(&values.iter().map(line).collect::<String>()).unwrap();
            let median = rows[0].median("wall").unwrap();
            prop_assert!(values.iter().any(|value| f64::from(*value) <= median));
            prop_assert!(values.iter().any(|value| f64::from(*value) >= median));
        }
    }
}
