//! The one pass that every request gets: is it what the schema says, within its limits, and can there be something to
//! hide? Most records end here, and nothing of them is decoded or copied.

use super::invalid::{Invalid, Stop};
use super::limits::Limits;
use super::next::Next;
use super::reader::{At, Fault, Field, LEN, Reader};
use super::schema::{ANY_VALUE, KEY_VALUE, Known, Message, What};
use super::seen::Seen;
use crate::rules::compiled::Compiled;
use crate::{text, tree};
use std::ops::Range;
use std::sync::Arc;

/// The longest decimal of an integer of 64 bits.
const DIGITS: usize = 20;

/// The fields of an attribute in its usual form: the key, the value, the text in it.
const FIELDS: usize = 3;

/// The pass over one request.
pub(super) struct Look<'r, 'a> {
    rules: &'r Arc<Compiled>,
    limits: &'r Limits,
    request: &'a [u8],
    seen: Seen<'a>,
    escape: Next<'a>,
    /// The byte that has a matcher of its own.
    byte: Option<Next<'a>>,
    fields: usize,
    values: usize,
    /// Something in what was looked at since this was set to false may have to be hidden.
    pub(super) loud: bool,
    /// What is looked at stands in a list, where a flag says what follows it.
    in_list: bool,
}

impl<'r, 'a> Look<'r, 'a> {
    pub(super) fn new(rules: &'r Arc<Compiled>, limits: &'r Limits, request: &'a [u8]) -> Self {
        Self {
            rules,
            limits,
            request,
            seen: Seen::new(),
            escape: Next::new(text::ESCAPE, request),
            byte: rules.byte.map(|(byte, ..)| Next::new(byte, request)),
            fields: 0,
            values: 0,
            loud: false,
            in_list: false,
        }
    }

    /// Looks at a record, a resource or a scope; `depth` messages may be nested in it, and it in itself.
    pub(super) fn unit(&mut self, message: &'static Message, range: Range<usize>, depth: usize) -> Result<(), Stop> {
        self.message(message, range, depth)
    }

    /// Values are counted anew.
    pub(super) fn start_values(&mut self) {
        self.values = 0;
    }

    /// Counts a field.
    #[inline]
    pub(super) fn count_field(&mut self, offset: usize) -> Result<(), Stop> {
        self.fields += 1;
        if self.fields > self.limits.fields {
            let max = self.limits.fields;
            return Err(Invalid::TooManyFields { offset, max }.into());
        }
        Ok(())
    }

    #[inline]
    fn count_value(&mut self, at: usize) -> Result<(), Stop> {
        self.values += 1;
        if self.values > self.limits.values {
            let max = self.limits.values;
            return Err(Invalid::TooManyValues { offset: at, max }.into());
        }
        Ok(())
    }

    fn message(&mut self, message: &'static Message, range: Range<usize>, depth: usize) -> Result<(), Stop> {
        let Some(depth) = depth.checked_sub(1) else {
            let max = self.limits.depth.min(Limits::DEEPEST);
            return Err(Invalid::TooDeep {
                offset: range.start,
                max,
            }
            .into());
        };
        let mut reader = Reader::new(self.request, range);
        let mut once = 0;
        while let Some(field) = reader.next()? {
            self.count_field(field.at)?;
            let Some(known) = message.field(field.number) else {
                self.unknown(&field);
                continue;
            };
            self.loud |= known.once & once != 0;
            once |= known.once;
            self.field(message, known, &field, depth)?;
        }
        Ok(())
    }

    fn field(
        &mut self,
        message: &'static Message,
        known: &'static Known,
        field: &Field,
        depth: usize,
    ) -> Result<(), Stop> {
        check_wire(message, known, field)?;
        match known.what {
            What::Varint | What::Fixed64 | What::Fixed32 | What::Id => {}
            What::Varints | What::Fixed64s => self.packed(known.what, field)?,
            What::Text => self.text(message, known, field)?,
            What::Key => self.key(message, known, field)?,
            What::Int => self.int(field.int as i64),
            What::Double => self.listen_apart(f64::from_bits(field.int).to_string().as_bytes()),
            What::Bytes => {
                let bytes = &self.request[field.payload()];
                self.loud |= self.in_list && bytes.first() == Some(&b'-');
                self.listen(field.payload());
            }
            What::Attribute => self.attribute(field, depth)?,
            What::Any | What::Item => {
                self.count_value(field.at)?;
                if !matches!(known.what, What::Item) && self.plain_value(field, depth) {
                    return Ok(());
                }
                let in_list = std::mem::replace(&mut self.in_list, matches!(known.what, What::Item));
                self.message(&ANY_VALUE, field.payload(), depth)?;
                self.in_list = in_list;
            }
            What::Nested(child) => self.message(child, field.payload(), depth)?,
            What::Message(child) => {
                let values = std::mem::take(&mut self.values);
                self.message(child, field.payload(), depth)?;
                self.values = values;
            }
            // These stand in groups only, which are walked elsewhere.
            What::Record(child) | What::Shared(child) | What::Group(child) => {
                self.message(child, field.payload(), depth)?;
            }
        }
        Ok(())
    }

    /// Looks at a `string` field.
    #[inline]
    pub(super) fn text(&mut self, message: &Message, known: &Known, field: &Field) -> Result<(), Stop> {
        let bytes = &self.request[field.payload()];
        check_utf8(message, known, field, bytes)?;
        self.loud |= self.in_list && bytes.first() == Some(&b'-');
        self.read(field.payload());
        Ok(())
    }

    /// Whether nothing can be found in a part of the request: [`text::is_quiet`].
    #[inline]
    fn is_quiet(&mut self, range: Range<usize>) -> bool {
        !self.escape.is_in(&range)
            && !self.byte.as_mut().is_some_and(|byte| byte.is_in(&range))
            && !text::is_escaped_json(&self.request[range.clone()])
            && !self.rules.any_stands(self.request, range)
    }

    #[inline]
    fn listen(&mut self, range: Range<usize>) {
        if !self.loud {
            self.loud = !self.is_quiet(range);
        }
    }

    fn listen_apart(&mut self, bytes: &[u8]) {
        if !self.loud {
            self.loud = !text::is_quiet(self.rules, bytes);
        }
    }

    /// Listens to a text; one that is not quiet is looked at by all rules. What the keys and lists around it mean for it is
    /// found out elsewhere.
    #[inline]
    fn read(&mut self, range: Range<usize>) {
        if !self.loud && !self.is_quiet(range.clone()) {
            let text = std::str::from_utf8(&self.request[range]);
            self.loud = text.map_or(true, |text| text::changes(self.rules, text));
        }
    }

    fn int(&mut self, value: i64) {
        // Nothing shorter than four bytes is looked for.
        if (-99..=999).contains(&value) {
            return;
        }
        let mut digits = [0; DIGITS];
        let mut at = DIGITS;
        let mut rest = value.unsigned_abs();
        while rest > 0 && at > 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        if value < 0 && at > 0 {
            at -= 1;
            digits[at] = b'-';
        }
        self.listen_apart(&digits[at..]);
    }

    fn key(&mut self, message: &Message, known: &Known, field: &Field) -> Result<(), Stop> {
        let bytes = &self.request[field.payload()];
        if self.seen.key(bytes) {
            return Ok(());
        }
        check_utf8(message, known, field, bytes)?;
        if self.is_quiet(field.payload()) && !tree::matters(&self.rules.keys, bytes) {
            self.seen.remember_key(bytes);
        } else {
            self.loud = true;
        }
        Ok(())
    }

    fn attribute(&mut self, field: &Field, depth: usize) -> Result<(), Stop> {
        self.count_value(field.at)?;
        let bytes = &self.request[field.payload()];
        // Deeper than the attribute itself lies its value only.
        if depth >= 2 && self.seen.attribute(bytes) {
            self.fields += FIELDS;
            return Ok(());
        }
        if depth >= 2
            && let Some((key, member)) = plain(bytes)
            && self.seen.key(key)
            && member.is_quick()
        {
            self.fields += FIELDS;
            match member {
                // A text ends its attribute.
                Member::Text(text) => self.read(field.end - text.len()..field.end),
                Member::Int(value) => self.int(value),
            }
            if !self.loud {
                self.seen.remember_attribute(bytes);
            }
            return Ok(());
        }
        self.message(&KEY_VALUE, field.payload(), depth)
    }

    /// Looks at a value in its usual form, a text and nothing else; false if it has another form.
    #[inline]
    fn plain_value(&mut self, field: &Field, depth: usize) -> bool {
        let text = match &self.request[field.payload()] {
            [0x0a, len @ 0..=0x7f, text @ ..] if usize::from(*len) == text.len() => text,
            [0x0a, low @ 0x80..=0xff, high @ 1..=0x7f, text @ ..]
                if usize::from(*low & 0x7f) | usize::from(*high) << 7 == text.len() =>
            {
                text
            }
            _ => return false,
        };
        if depth == 0 || !text.is_ascii() {
            return false;
        }
        self.fields += 1;
        self.read(field.end - text.len()..field.end);
        true
    }

    /// A field that the schema does not have may be anything.
    pub(super) fn unknown(&mut self, field: &Field) {
        if field.wire == LEN {
            self.listen(field.payload());
        }
    }

    fn packed(&mut self, what: What, field: &Field) -> Result<(), Stop> {
        if field.wire != LEN {
            return Ok(());
        }
        let bytes = &self.request[field.payload()];
        let whole = match what {
            What::Fixed64s => bytes.len().is_multiple_of(8),
            _ => {
                let mut rest = bytes;
                while !rest.is_empty() && sitelog_model::wire::take_varint(&mut rest).is_some() {}
                rest.is_empty()
            }
        };
        if whole {
            Ok(())
        } else {
            Err((field.at, Fault::CutOff).into())
        }
    }
}

/// What most attributes hold.
enum Member<'a> {
    Text(&'a [u8]),
    Int(i64),
}

impl Member<'_> {
    /// Whether it needs no check of its UTF-8.
    #[inline]
    fn is_quick(&self) -> bool {
        match self {
            Self::Text(text) => text.is_ascii(),
            Self::Int(_) => true,
        }
    }
}

/// An attribute in its usual form: one key and one text or integer, in this order, all lengths in one byte.
#[inline]
fn plain(bytes: &[u8]) -> Option<(&[u8], Member<'_>)> {
    let [0x0a, len @ 0..=0x7f, rest @ ..] = bytes else {
        return None;
    };
    let (key, value) = rest.split_at_checked(usize::from(*len))?;
    let [0x12, len @ 0..=0x7f, member @ ..] = value else {
        return None;
    };
    if usize::from(*len) != member.len() {
        return None;
    }
    match member {
        [0x0a, len @ 0..=0x7f, text @ ..] if usize::from(*len) == text.len() => Some((key, Member::Text(text))),
        [0x18, int @ ..] => {
            let mut rest = int;
            let value = sitelog_model::wire::take_varint(&mut rest)?;
            rest.is_empty().then_some((key, Member::Int(value as i64)))
        }
        _ => None,
    }
}

/// Whether a field has the wire type that the schema says.
#[inline]
pub(super) fn check_wire(message: &Message, known: &Known, field: &Field) -> Result<(), At> {
    if known.what.fits(field.wire) {
        return Ok(());
    }
    let fault = Fault::Field {
        message: message.name,
        field: known.name,
        wire: field.wire,
    };
    Err((field.at, fault))
}

#[inline]
fn check_utf8(message: &Message, known: &Known, field: &Field, bytes: &[u8]) -> Result<(), At> {
    if bytes.is_ascii() {
        return Ok(());
    }
    let fault = |error: std::str::Utf8Error| {
        let fault = Fault::Utf8 {
            message: message.name,
            field: known.name,
        };
        (field.start + error.valid_up_to(), fault)
    };
    std::str::from_utf8(bytes).map(|_| ()).map_err(fault)
}
