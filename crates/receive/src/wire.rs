//! Taking protobuf fields off the front of a message, by hand: requests are walked, never decoded.

use sitelog_model::wire::{take, take_prefixed, take_varint};

/// A field: all its bytes, and number and payload when it has a length.
pub(crate) struct Field<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) message: Option<(u64, &'a [u8])>,
}

/// Takes a field off the front; `None` when there is none that can be read.
pub(crate) fn field<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let whole = *rest;
    let tag = take_varint(rest)?;
    let message = match tag & 7 {
        0 => take_varint(rest).map(|_| None)?,
        1 => take(rest, 8).map(|_| None)?,
        2 => Some((tag >> 3, take_prefixed(rest)?)),
        5 => take(rest, 4).map(|_| None)?,
        _ => return None,
    };
    let raw = &whole[..whole.len() - rest.len()];
    Some(Field { raw, message })
}

/// Calls `each` with number and payload of the fields that have a length; false when the message cannot be read whole.
pub(crate) fn each<'a>(mut message: &'a [u8], mut each: impl FnMut(u64, &'a [u8])) -> bool {
    while !message.is_empty() {
        match field(&mut message) {
            None => return false,
            Some(field) => {
                if let Some((number, payload)) = field.message {
                    each(number, payload);
                }
            }
        }
    }
    true
}
