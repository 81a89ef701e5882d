//! Values as people write them: times and sizes.

use bytesize::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time such as `10s`, `1m30s`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

/// A number of bytes such as `64MiB`, `1GB`, `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "not a length of time; write one such as 10s, 1m30s or 7d".to_owned();
        humantime::parse_duration(text.trim()).map(Self).map_err(wrong)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "not a size; write one such as 64MiB or 1GB".to_owned();
        text.parse::<ByteSize>().map(|size| Self(size.as_u64())).map_err(wrong)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Powers of two without a rest are written short, all else to the byte, so that it reads back the same.
        match self.0 {
            size if size > 0 && size % (1 << 30) == 0 => write!(f, "{}GiB", size >> 30),
            size if size > 0 && size % (1 << 20) == 0 => write!(f, "{}MiB", size >> 20),
            size => write!(f, "{size}B"),
        }
    }
}

/// Text in the file, number or text for a size.
macro_rules! as_text {
    ($type:ident, $name:literal, $pattern:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|why| D::Error::custom(format!("{text:?} is {why}")))
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "examples": [$pattern] })
            }
        }
    };
}

as_text!(Period, "Period", "1m30s");
as_text!(Size, "Size", "64MiB");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_are_written() {
        for text in ["10s", "1m 30s", "7days", "100ms"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        for (text, bytes) in [
            ("64MiB", 64 << 20),
            ("1GB", 1_000_000_000),
            ("1048576", 1 << 20),
            ("7B", 7),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size, Size(bytes));
            assert_eq!(size.to_string().parse(), Ok(size));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_an_example() {
        assert!("ten".parse::<Period>().unwrap_err().contains("10s"));
        assert!("-1".parse::<Size>().unwrap_err().contains("64MiB"));
    }
}
