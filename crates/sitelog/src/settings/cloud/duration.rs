//! Go durations, as pulumi-exporter takes them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::str::FromStr;
use std::time::Duration;

/// Units, nanoseconds; the longer of two that begin alike first. Days and weeks are not Go's but its flags take them.
const UNITS: [(&str, u64); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// A Go duration above 0 (`1h30m`, `1.5h`, `100ms`), also with `d` and `w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct GoDuration(pub(crate) Duration);

impl FromStr for GoDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (amount, is_negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text.strip_prefix('+').unwrap_or(text), false),
        };
        let is_number = amount.parse::<f64>().is_ok() && amount.ends_with(|c: char| c.is_ascii_digit() || c == '.');
        let nanos = match is_number {
            true if amount.bytes().all(|byte| matches!(byte, b'0' | b'.')) => Some(0),
            true => return Err(format!("no unit; write {amount}s for seconds")),
            false => nanos(amount),
        };
        let nanos = nanos.ok_or("not a length of time; write one such as 60s, 1m30s or 1d")?;
        match nanos > 0 && !is_negative {
            true => Ok(Self(Duration::from_nanos(nanos))),
            false => Err("must be more than 0; write one such as 60s".to_owned()),
        }
    }
}

/// Numbers with units, added up; `None` when it is anything else or longer than Go can say.
fn nanos(mut text: &str) -> Option<u64> {
    let mut total = 0u128;
    loop {
        let (whole, rest) = digits(text);
        let (part, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
        let (name, unit) = UNITS.into_iter().find(|(name, _)| rest.starts_with(name))?;
        // More than a nanosecond can hold says nothing.
        let part = &part[..part.len().min(18)];
        if whole.len() + part.len() == 0 || whole.len() > 19 {
            return None;
        }
        let number = |digits: &str| {
            if digits.is_empty() {
                Some(0)
            } else {
                digits.parse::<u128>().ok()
            }
        };
        total += number(whole)? * u128::from(unit);
        total += number(part)? * u128::from(unit) / 10u128.pow(part.len().try_into().ok()?);
        text = &rest[name.len()..];
        if text.is_empty() {
            return i64::try_from(total).ok().map(i64::unsigned_abs);
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

impl Serialize for GoDuration {
    /// As people write it where that is what it is, else to the nanosecond.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = self.0.as_nanos();
        let is_whole = |unit: &&(&str, u64)| nanos.is_multiple_of(u128::from(unit.1));
        let (name, unit) = UNITS[..8].iter().rev().find(is_whole).unwrap_or(&UNITS[0]);
        serializer.collect_str(&format_args!("{}{name}", nanos / u128::from(*unit)))
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|why| D::Error::custom(format!("{text:?} is {why}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_as_go_has_them() {
        for (text, nanos) in [
            ("90s", 90_000_000_000u64),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("+1d", 86_400_000_000_000),
            ("1w", 604_800_000_000_000),
            ("500ms", 500_000_000),
            ("1us1µs1μs1ns", 3_001),
            ("0h1ns", 1),
            (" 60s\n", 60_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(GoDuration(Duration::from_nanos(nanos))), "{text}");
        }
        for (text, words) in [
            ("10", "write 10s"),
            ("1.5", "write 1.5s"),
            ("0", "more than 0"),
            ("0s", "more than 0"),
            ("-5s", "more than 0"),
            ("", "60s"),
            ("s", "60s"),
            (".s", "60s"),
            ("soon", "60s"),
            ("1M", "60s"),
            ("1 h", "60s"),
            ("1min", "60s"),
            ("1h-5m", "60s"),
            ("1e3s", "60s"),
            ("300000000h", "60s"),
        ] {
            let why = text.parse::<GoDuration>().unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<GoDuration>();
        }

        #[test]
        fn a_time_comes_back_as_it_was(nanos in 1..=i64::MAX as u64) {
            let time = GoDuration(Duration::from_nanos(nanos));
            let written = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<GoDuration>(&written).unwrap(), time);
        }
    }
}
