//! Lines about one resource: `ADDRESS: Creating...`, `ADDRESS (local-exec): …`.

use super::super::address::Address;
use super::super::course::{Course, provisioner_said};
use super::super::word::Word;
use crate::Fact;

/// What a line says of a resource.
#[derive(Debug, PartialEq)]
pub(super) enum Told<'a> {
    Started(Word),
    Completed(Word),
    /// Of a refresh the text has no end.
    Refreshing,
    Provisioning,
    /// A provisioner's own words.
    Output(&'a str),
    /// Nothing that is recorded: that it goes on, that something is prepared.
    Passing,
}

/// Beginnings: `Creating...`, with the object's id behind it or nothing.
const STARTS: [(&str, Word); 9] = [
    ("Creating...", Word::Create),
    ("Modifying...", Word::Update),
    ("Destroying...", Word::Delete),
    ("Reading...", Word::Read),
    ("Importing...", Word::Import),
    ("Importing from ID", Word::Import),
    ("Opening...", Word::Open),
    ("Renewing...", Word::Renew),
    ("Closing...", Word::Close),
];

/// Ends: `Creation complete after 1s`. OpenTofu says Open, Renew and Close complete.
const ENDS: [(&str, Word); 11] = [
    ("Creation", Word::Create),
    ("Modifications", Word::Update),
    ("Destruction", Word::Delete),
    ("Read", Word::Read),
    ("Import", Word::Import),
    ("Opening", Word::Open),
    ("Open", Word::Open),
    ("Renewal", Word::Renew),
    ("Renew", Word::Renew),
    ("Closing", Word::Close),
    ("Close", Word::Close),
];

/// A line about a resource.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(crate) address: Address<'a>,
    pub(crate) deposed: Option<&'a str>,
    pub(crate) told: Told<'a>,
}

impl<'a> Line<'a> {
    /// Reads a line; none where it is not about a resource.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let (address, rest) = Address::first(line)?;
        let (deposed, rest) = deposed(rest);
        let told = if let Some(sentence) = rest.strip_prefix(": ") {
            sentence_of(sentence)?
        } else {
            let (provisioner, output) = rest.strip_prefix(" (")?.split_once("):")?;
            if provisioner.is_empty()
                || !provisioner
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            {
                return None;
            }
            Told::Output(output.strip_prefix(' ').unwrap_or(output))
        };
        Some(Self { address, deposed, told })
    }

    /// Makes facts of it.
    pub(crate) fn facts(self, course: &mut Course, out: &mut Vec<Fact>) {
        let Self { address, deposed, told } = self;
        match told {
            Told::Started(word) => {
                // A data source is read while others are refreshed; everything else is after the plan.
                if word != Word::Read {
                    course.refreshed(out);
                }
                course.started(&address, deposed, word, None, out);
            }
            Told::Completed(Word::Import) => course.imported(&address, None, out),
            Told::Completed(word) => course.completed(&address, &word, None, out),
            Told::Refreshing => course.refreshing(&address, None, out),
            Told::Provisioning => course.provisioning(address.whole),
            Told::Output(line) => out.push(provisioner_said(address.whole, line, None)),
            Told::Passing => {}
        }
    }
}

/// The key of a deposed object behind an address, and the rest.
pub(super) fn deposed(text: &str) -> (Option<&str>, &str) {
    let object = text
        .strip_prefix(" (deposed object ")
        .and_then(|rest| rest.split_once(')'));
    match object {
        Some((key, rest)) if key.bytes().all(|byte| byte.is_ascii_hexdigit()) => (Some(key), rest),
        _ => (None, text),
    }
}

fn sentence_of(sentence: &str) -> Option<Told<'_>> {
    let ended = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    for (start, word) in &STARTS {
        if sentence.strip_prefix(start).is_some_and(ended) {
            return Some(Told::Started(word.clone()));
        }
    }
    if let Some((noun, rest)) = sentence.split_once(" complete") {
        let known = ENDS.iter().find(|(name, _)| *name == noun);
        if let Some((_, word)) = known.filter(|_| ended(rest)) {
            return Some(Told::Completed(word.clone()));
        }
    }
    if sentence.strip_prefix("Refreshing state...").is_some_and(ended) {
        return Some(Told::Refreshing);
    }
    if sentence.starts_with("Provisioning with '") {
        return Some(Told::Provisioning);
    }
    let passing = [
        "Still ",
        "Preparing import...",
        "Import prepared!",
        "Deferred due to ",
        "Configuration unknown, ",
    ];
    passing
        .iter()
        .any(|start| sentence.starts_with(start))
        .then_some(Told::Passing)
}

#[cfg(test)]
mod tests {
    use super::{Line, Told, Word};

    #[test]
    fn reads_what_is_said_of_a_resource() {
        for (line, told) in [
            ("a.b: Creating...", Told::Started(Word::Create)),
            ("a.b[\"x: y\"]: Modifying... [id=1]", Told::Started(Word::Update)),
            (
                "module.m[0].a.b (deposed object 253f947a): Destroying... [id=1]",
                Told::Started(Word::Delete),
            ),
            ("data.a.b: Read complete after 0s", Told::Completed(Word::Read)),
            (
                "a.b: Creation complete after 1m2s [id=x y]",
                Told::Completed(Word::Create),
            ),
            ("a.b: Import complete [id=x]", Told::Completed(Word::Import)),
            ("ephemeral.a.b: Close complete after 0s", Told::Completed(Word::Close)),
            ("a.b: Refreshing state... [id=x]", Told::Refreshing),
            ("a.b: Provisioning with 'local-exec'...", Told::Provisioning),
            (
                "a.b (local-exec): c.d: Creation complete after 0s",
                Told::Output("c.d: Creation complete after 0s"),
            ),
            ("a.b (remote-exec):", Told::Output("")),
            ("a.b: Still creating... [00m10s elapsed]", Told::Passing),
        ] {
            assert_eq!(Line::of(line).map(|line| line.told), Some(told), "{line}");
        }
    }

    #[test]
    fn refuses_other_lines() {
        for line in [
            "",
            "a.b",
            "a.b: ",
            "a.b: Creating...!",
            "a.b: Creation completed",
            "x = \"a.b: Creating...\"",
            " a.b: Creating...",
            "a.b (x y): z",
        ] {
            assert_eq!(Line::of(line), None, "{line}");
        }
    }
}
