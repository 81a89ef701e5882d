//! Headers that go with every request. Their values are secrets: no Debug, no error text and no reason shows one.

use super::ConfigError;
use http::{HeaderName, HeaderValue};
use std::fmt;

/// Names and values that a user adds to requests.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// Reads `name=value,name2=value2`, values percent-encoded (the form of a W3C baggage header without properties).
    ///
    /// # Errors
    /// [`ConfigError::Header`] with the number of the entry that is no header.
    pub fn parse(text: &str, from: &str) -> Result<Self, ConfigError> {
        let mut headers = Self::default();
        for (index, pair) in text.split(',').enumerate().filter(|(_, pair)| !pair.trim().is_empty()) {
            let fault = |why| ConfigError::Header {
                from: from.to_owned(),
                entry: index + 1,
                why,
            };
            let (name, value) = pair.split_once('=').ok_or_else(|| fault("has no ="))?;
            let decoded = percent_encoding::percent_decode_str(value.trim());
            let value = decoded
                .decode_utf8()
                .map_err(|_| fault("is not UTF-8 after percent-decoding"))?;
            headers.put(name, &value).map_err(fault)?;
        }
        Ok(headers)
    }

    /// Adds a header, replacing those of the same name.
    ///
    /// # Errors
    /// [`ConfigError::Header`] when the name or the value cannot be a header.
    pub fn set(&mut self, name: &str, value: &str, from: &str) -> Result<(), ConfigError> {
        let entry = self.0.len() + 1;
        self.put(name, value).map_err(|why| ConfigError::Header {
            from: from.to_owned(),
            entry,
            why,
        })
    }

    fn put(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let name: HeaderName = name.trim().parse().map_err(|_| "has a name that is no header name")?;
        let mut value = HeaderValue::from_str(value).map_err(|_| "has a value with a control character")?;
        value.set_sensitive(true);
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
        Ok(())
    }

    /// The headers.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// A destination's words, fit to be shown: one line, not longer than 300 characters, no header value in it.
    pub(crate) fn hide_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in self.0.iter().filter_map(|(_, value)| value.to_str().ok()) {
            // The token without its scheme is as secret as the whole value.
            let token = value.rsplit(' ').next().unwrap_or(value);
            for secret in [value, token].into_iter().filter(|secret| secret.len() >= 4) {
                text = text.replace(secret, "[REDACTED]");
            }
        }
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = text.trim().chars().take(300).map(printable).collect();
        line
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, _)| (name, "[REDACTED]")))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_percent_decoded_and_the_last_of_a_name_counts() {
        let headers = Headers::parse("Authorization=Bearer%20a%3Db, x-scope=t1 ,,x-scope=t2", "V").unwrap();
        let pairs: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(pairs, [("authorization", "Bearer a=b"), ("x-scope", "t2")]);
    }

    #[test]
    fn an_error_names_the_entry_and_not_its_value() {
        for (text, entry) in [
            ("a=1,hunter2", 2),
            ("bad name=hunter2", 1),
            ("a=hunter2%0a", 1),
            ("a=%ffhunter2", 1),
        ] {
            let message = Headers::parse(text, "OTEL_EXPORTER_OTLP_HEADERS")
                .unwrap_err()
                .to_string();
            assert!(
                message.starts_with(&format!("OTEL_EXPORTER_OTLP_HEADERS: header {entry} ")),
                "{message}"
            );
            assert!(!message.contains("hunter2") && !message.contains('\n'), "{message}");
        }
    }

    /// Scenario: a destination repeats our credential in its answer. Guarantees: no text we show has it.
    #[test]
    fn a_value_is_not_shown_in_debug_or_in_a_reason() {
        let headers = Headers::parse("authorization=Bearer%20hunter2", "V").unwrap();
        assert!(!format!("{headers:?}").contains("hunter2"));
        let reason = headers.hide_in("bad token Bearer hunter2\n(hunter2)\u{1b}[31m");
        assert_eq!(reason, "bad token [REDACTED] ([REDACTED]) [31m");
    }

    proptest! {
        #[test]
        fn any_list_is_read_or_refused(text: String) {
            if let Ok(headers) = Headers::parse(&text, "V") {
                prop_assert!(headers.iter().count() <= text.split(',').count());
            }
        }
    }
}
