//! The case lines of the redaction contract: one JSON line in, one JSON line out (`sitelog redact --cases`).

use crate::audit;
use crate::base64;
use crate::json;
use crate::otlp_json;
use crate::sanitizer::Sanitizer;
use crate::settings::{Declared, Settings};
use crate::text;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Case<'a> {
    id: String,
    mode: String,
    input: Option<String>,
    input_b64: Option<String>,
    chunks: Option<Vec<String>>,
    chunks_b64: Option<Vec<String>>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    declared_secrets: Vec<Secret>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    pii: bool,
}

#[derive(Default, Serialize)]
struct Answer {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs one case line and gives its output line, without a line break. A line that is no case gives an `error`.
pub fn run(line: &str) -> String {
    let answer = match serde_json::from_str::<Case<'_>>(line) {
        Ok(case) => case.run(),
        Err(error) => Answer {
            error: Some(format!("no case: {error}")),
            ..Answer::default()
        },
    };
    // Serializing strings has no failing case.
    serde_json::to_string(&answer).unwrap_or_default()
}

impl Case<'_> {
    fn run(self) -> Answer {
        let secrets = self.declared_secrets.iter();
        let declared = secrets.map(|secret| Declared {
            name: secret.name.clone(),
            value: secret.value.clone().into_bytes(),
        });
        let settings = Settings {
            declared: declared.collect(),
            pii: self.options.pii,
            ..Settings::default()
        };
        let sanitizer = Sanitizer::new(settings);
        let answer = Answer {
            id: self.id.clone(),
            ..Answer::default()
        };
        match self.mode.as_str() {
            "text" | "chunks" => match self.writes() {
                Some(writes) => streamed(&sanitizer, &writes, answer),
                None => Answer {
                    error: Some("no input".to_owned()),
                    ..answer
                },
            },
            mode => match self.value {
                Some(value) => structured(&sanitizer, mode, value.get(), answer),
                None => Answer {
                    error: Some("no value".to_owned()),
                    ..answer
                },
            },
        }
    }

    fn writes(&self) -> Option<Vec<Vec<u8>>> {
        if let Some(input) = &self.input {
            return Some(vec![input.clone().into_bytes()]);
        }
        if let Some(input) = &self.input_b64 {
            return Some(vec![base64::decode(input)?]);
        }
        if let Some(chunks) = &self.chunks {
            return Some(chunks.iter().map(|chunk| chunk.clone().into_bytes()).collect());
        }
        self.chunks_b64
            .as_ref()?
            .iter()
            .map(|chunk| base64::decode(chunk))
            .collect()
    }
}

fn streamed(sanitizer: &Sanitizer, writes: &[Vec<u8>], answer: Answer) -> Answer {
    let mut stream = sanitizer.stream();
    let mut out = Vec::new();
    for write in writes {
        out.extend_from_slice(stream.push(write).get());
    }
    out.extend_from_slice(stream.finish().get());
    match String::from_utf8(out) {
        Ok(output) => Answer {
            output: Some(output),
            ..answer
        },
        Err(error) => Answer {
            output_b64: Some(base64::encode(error.as_bytes())),
            ..answer
        },
    }
}

fn structured(sanitizer: &Sanitizer, mode: &str, value: &str, answer: Answer) -> Answer {
    let rules = sanitizer.rules().0;
    let Some(mut documents) = json::parse(value) else {
        return Answer {
            value: RawValue::from_string(value.to_owned()).ok(),
            ..answer
        };
    };
    if mode == "audit-metadata" {
        let keys = documents.roots.first().map(json::keys).unwrap_or_default();
        if let Err(unknown) = audit::allowed(keys.into_iter().map(AsRef::as_ref)) {
            return Answer {
                rejected: Some(unknown.keys),
                ..answer
            };
        }
    }
    let edits = if mode == "otlp" {
        otlp_json::edits(&rules, &mut documents)
    } else {
        documents.edits(&rules, text::NESTED)
    };
    let clean = RawValue::from_string(text::apply(value, &edits));
    match clean {
        Ok(value) => Answer {
            value: Some(value),
            ..answer
        },
        Err(error) => Answer {
            error: Some(format!("output is no json: {error}")),
            ..answer
        },
    }
}
