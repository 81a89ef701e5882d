//! What Terraform and Pulumi mark as secret (R18).

use super::{Kind, Node};
use std::borrow::Cow;

/// The key by which Pulumi marks an object as special, and its value for a secret.
const SIGNATURE: (&str, &str) = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270");

type Entries<'a> = [(usize, Cow<'a, str>, Node<'a>)];

fn get<'n, 'a>(entries: &'n Entries<'a>, name: &str) -> Option<&'n Kind<'a>> {
    entries
        .iter()
        .find(|(_, key, _)| key == name)
        .map(|(_, _, value)| &value.kind)
}

fn is_true(kind: Option<&Kind<'_>>) -> bool {
    matches!(kind, Some(Kind::Bool(true)))
}

/// Whether the object itself says that what is under `key` is a secret.
pub(super) fn is_secret(entries: &Entries<'_>, key: &str) -> bool {
    match key {
        "plaintext" | "ciphertext" | "value" if signed(entries) => true,
        "value" => is_true(get(entries, "sensitive")) || is_true(get(entries, "secret")),
        "Value" => is_true(get(entries, "Secret")),
        _ => false,
    }
}

/// Whether what is under a key may be a secret because of what stands beside it.
pub(super) fn matters(key: &[u8]) -> bool {
    matches!(
        key,
        b"plaintext" | b"ciphertext" | b"value" | b"Value" | b"after" | b"before" | b"values"
    )
}

fn signed(entries: &Entries<'_>) -> bool {
    matches!(get(entries, SIGNATURE.0), Some(Kind::Text(text)) if text == SIGNATURE.1)
}

/// The mask of a Terraform plan for what is under `key`.
pub(super) fn mask<'n, 'a>(entries: &'n Entries<'a>, key: &str) -> Option<&'n Kind<'a>> {
    match key {
        "after" => get(entries, "after_sensitive"),
        "before" => get(entries, "before_sensitive"),
        "values" => get(entries, "sensitive_values"),
        _ => None,
    }
}

/// Calls `secret` for every value at whose place the mask is true.
pub(super) fn masked(value: &Node<'_>, mask: &Kind<'_>, secret: &mut impl FnMut(&Node<'_>)) {
    match (mask, &value.kind) {
        (Kind::Bool(true), _) => secret(value),
        (Kind::Map(masks), Kind::Map(entries)) => {
            for (_, key, value) in entries {
                if let Some(mask) = get(masks, key) {
                    masked(value, mask, secret);
                }
            }
        }
        (Kind::List(masks), Kind::List(items)) => {
            masks
                .iter()
                .zip(items)
                .for_each(|(mask, item)| masked(item, &mask.kind, secret));
        }
        _ => {}
    }
}
