//! What a request asks for, and how it is refused.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::world::{Organization, Stack, StackPath, World};

/// The token that a "repeating token" fault hands out; as a question it means the first page.
pub(crate) const REPEATED_TOKEN: &str = "again";

/// A refusal in the service's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "code": self.status, "message": self.message })
    }

    fn not_found(what: &str) -> Self {
        Self::new(404, format!("Not Found: {what}"))
    }
}

/// Parameters of the path and of the query.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) path: HashMap<String, String>,
    pub(crate) query: HashMap<String, String>,
}

impl Request {
    /// A part of the path; the routes see to it that it is there.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let parse = |value: &str| {
            value
                .parse()
                .map_err(|_| Refusal::new(400, format!("Invalid '{name}' value.")))
        };
        self.text(name).map(parse).transpose()
    }

    /// Items on a page: what is asked for, at least 1 and at most `cap`.
    pub(super) fn page_size(&self, name: &str, default: usize, cap: usize) -> Result<usize, Refusal> {
        let asked = self.number(name)?.map(|number| usize::try_from(number).unwrap_or(cap));
        Ok(asked.filter(|number| *number > 0).unwrap_or(default).min(cap))
    }

    /// The token of the page that is asked for; none for the first.
    pub(super) fn token(&self) -> Option<&str> {
        self.text("continuationToken").filter(|token| *token != REPEATED_TOKEN)
    }

    /// The place in a list that a token of [`token_at`] stands for.
    pub(super) fn offset(&self) -> Result<usize, Refusal> {
        let parse = |token: &str| token.strip_prefix("at-").and_then(|number| number.parse().ok());
        match self.token() {
            None => Ok(0),
            Some(token) => parse(token).ok_or_else(|| Refusal::new(400, "Invalid 'continuationToken' value.")),
        }
    }

    pub(super) fn organization<'a>(&self, world: &'a World) -> Result<&'a Organization, Refusal> {
        let name = self.part("org");
        let found = world.organizations().get(name);
        found.ok_or_else(|| Refusal::not_found(&format!("Organization '{name}' not found")))
    }

    pub(super) fn stack<'a>(&self, world: &'a World) -> Result<(StackPath, &'a Stack), Refusal> {
        let path = StackPath::new(self.part("org"), self.part("project"), self.part("stack"));
        match world.stack(&path) {
            Ok(stack) => Ok((path, stack)),
            Err(_) => Err(Refusal::not_found(&format!("Stack '{path}' not found"))),
        }
    }
}

/// The token of the page that begins at a place of the list.
pub(super) fn token_at(place: usize) -> String {
    format!("at-{place}")
}

/// A page of `count` items: made for each place from `offset` on, and the token of the next page unless this is the last.
pub(super) fn page(
    count: usize,
    offset: usize,
    size: usize,
    item: impl FnMut(usize) -> Value,
) -> (Vec<Value>, Option<String>) {
    let end = offset.saturating_add(size).min(count);
    let items = (offset.min(end)..end).map(item).collect();
    (items, (end < count).then(|| token_at(end)))
}

/// An answer with a list and, when there is a next page, its token.
pub(super) fn with_token(list: &str, token_name: &str, (items, token): (Vec<Value>, Option<String>)) -> Value {
    let mut answer = json!({ list: items });
    if let Some(token) = token {
        answer[token_name] = Value::String(token);
    }
    answer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asking(name: &str, value: &str) -> Request {
        Request {
            query: HashMap::from([(name.to_owned(), value.to_owned())]),
            ..Request::default()
        }
    }

    #[test]
    fn page_sizes_have_a_default_and_a_cap() {
        let size = |value| asking("pageSize", value).page_size("pageSize", 10, 100);
        assert_eq!(size(""), Ok(10));
        assert_eq!(size("0"), Ok(10));
        assert_eq!(size("7"), Ok(7));
        assert_eq!(size("5000"), Ok(100));
        assert_eq!(size("-1").map_err(|refusal| refusal.status), Err(400));
        assert_eq!(size("ten").map_err(|refusal| refusal.status), Err(400));
    }

    #[test]
    fn the_repeated_token_is_the_first_page_and_a_made_up_one_is_refused() {
        assert_eq!(asking("continuationToken", REPEATED_TOKEN).offset(), Ok(0));
        assert_eq!(asking("continuationToken", "at-200").offset(), Ok(200));
        assert!(asking("continuationToken", "zzz").offset().is_err());
    }

    proptest! {
        #[test]
        fn pages_together_are_the_list(count in 0_usize..700, size in 1_usize..300) {
            let mut all = Vec::new();
            let mut offset = 0;
            loop {
                let (items, token) = page(count, offset, size, |place| json!(place));
                prop_assert!(items.len() <= size);
                all.extend(items);
                let Some(token) = token else { break };
                offset = asking("continuationToken", &token).offset().unwrap();
            }
            prop_assert_eq!(all, (0..count).map(|place| json!(place)).collect::<Vec<_>>());
        }

        #[test]
        fn any_token_is_answered(token in any::<String>()) {
            let _answered = asking("continuationToken", &token).offset();
        }
    }
}
