//! The protobuf wire format, read in place: every field knows where it stands in the request.

use std::ops::Range;

/// Wire types (<https://protobuf.dev/programming-guides/encoding/#structure>).
pub(super) const VARINT: u8 = 0;
pub(super) const FIXED64: u8 = 1;
pub(super) const LEN: u8 = 2;
pub(super) const FIXED32: u8 = 5;

/// The largest field number of protobuf.
const LARGEST_NUMBER: u64 = (1 << 29) - 1;

/// What is wrong with bytes that should be protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A varint.
    #[error("number is cut off or longer than 64 bits")]
    Varint,
    /// A tag.
    #[error("field number {0} is not allowed")]
    Number(u64),
    /// A group or a reserved wire type; OTLP has neither.
    #[error("wire type {0} is not allowed")]
    WireType(u8),
    /// A length.
    #[error("length {0} runs past the end of the message")]
    Length(u64),
    /// A fixed-width number.
    #[error("number is cut off")]
    CutOff,
    /// A field of the schema on the wire as something else.
    #[error("{message}.{field} cannot have wire type {wire}")]
    Field {
        /// The message's name.
        message: &'static str,
        /// The field's name.
        field: &'static str,
        /// The wire type that it has.
        wire: u8,
    },
    /// A `string` field.
    #[error("{message}.{field} is no utf-8")]
    Utf8 {
        /// The message's name.
        message: &'static str,
        /// The field's name.
        field: &'static str,
    },
}

/// A fault, and the byte of the request at which it was found.
pub(super) type At = (usize, Fault);

/// A field. All places count from the start of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its number.
    pub(super) number: u32,
    /// Its wire type.
    pub(super) wire: u8,
    /// Where its tag starts.
    pub(super) at: usize,
    /// Where the length prefix starts.
    pub(super) prefix: usize,
    /// Where the payload starts.
    pub(super) start: usize,
    /// Where the field ends.
    pub(super) end: usize,
    /// The value of a varint or of a fixed64.
    pub(super) int: u64,
}

impl Field {
    /// The payload.
    pub(super) fn payload(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Walks the fields of a message.
pub(super) struct Reader<'a> {
    /// The request up to the end of the message.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The message that stands at a range of the request.
    pub(super) fn new(request: &'a [u8], range: Range<usize>) -> Self {
        Self {
            bytes: request.get(..range.end).unwrap_or_default(),
            at: range.start,
        }
    }

    /// The next field.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<Option<Field>, At> {
        let at = self.at;
        let Some(&first) = self.bytes.get(at) else {
            return Ok(None);
        };
        let tag = if first < 0x80 {
            self.at += 1;
            u64::from(first)
        } else {
            self.varint(at)?
        };
        let (number, wire) = (tag >> 3, (tag & 7) as u8);
        if number == 0 || number > LARGEST_NUMBER {
            return Err((at, Fault::Number(number)));
        }
        let prefix = self.at;
        let mut int = 0;
        let mut start = prefix;
        match wire {
            LEN => {
                let len = self.varint(at)?;
                start = self.at;
                self.at = usize::try_from(len)
                    .ok()
                    .and_then(|len| start.checked_add(len))
                    .filter(|end| *end <= self.bytes.len())
                    .ok_or((at, Fault::Length(len)))?;
            }
            VARINT => int = self.varint(at)?,
            FIXED64 => {
                let bytes = self.bytes.get(prefix..).and_then(<[u8]>::first_chunk::<8>);
                int = u64::from_le_bytes(*bytes.ok_or((at, Fault::CutOff))?);
                self.at += 8;
            }
            FIXED32 => {
                let bytes = self.bytes.get(prefix..).and_then(<[u8]>::first_chunk::<4>);
                int = u64::from(u32::from_le_bytes(*bytes.ok_or((at, Fault::CutOff))?));
                self.at += 4;
            }
            wire => return Err((at, Fault::WireType(wire))),
        }
        Ok(Some(Field {
            number: number as u32,
            wire,
            at,
            prefix,
            start,
            end: self.at,
            int,
        }))
    }

    /// A varint; what is wrong with it is said of the field that starts at `field`.
    #[inline]
    fn varint(&mut self, field: usize) -> Result<u64, At> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => {
                let mut rest = self.bytes.get(self.at..).unwrap_or_default();
                let value = sitelog_model::wire::take_varint(&mut rest).ok_or((field, Fault::Varint))?;
                self.at = self.bytes.len() - rest.len();
                Ok(value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(u32, Range<usize>)>, At> {
        let mut reader = Reader::new(bytes, 0..bytes.len());
        let mut fields = Vec::new();
        while let Some(field) = reader.next()? {
            fields.push((field.number, field.payload()));
        }
        Ok(fields)
    }

    #[test]
    fn fields_are_found_where_they_stand() {
        let bytes = [
            0x0a, 0x81, 0x00, b'x', 0x10, 0x96, 0x01, 0x1d, 1, 2, 3, 4, 0x92, 0x3f, 0x00,
        ];
        assert_eq!(read(&bytes), Ok(vec![(1, 3..4), (2, 5..7), (3, 8..12), (1010, 15..15)]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (bytes, want) in [
            (&[0x0a, 0x01][..], (0, Fault::Length(1))),
            (&[0x10, 0x01, 0x08], (2, Fault::Varint)),
            (&[0x0b], (0, Fault::WireType(3))),
            (&[0x0c], (0, Fault::WireType(4))),
            (&[0x0f], (0, Fault::WireType(7))),
            (&[0x02, 0x00], (0, Fault::Number(0))),
            (&[0x09, 1, 2, 3, 4, 5, 6, 7], (0, Fault::CutOff)),
            (
                &[0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
                (0, Fault::Varint),
            ),
            (
                &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                (0, Fault::Length(u64::MAX)),
            ),
            (&[0x80, 0x80, 0x80, 0x80, 0x10], (0, Fault::Number(1 << 29))),
        ] {
            assert_eq!(read(bytes), Err(want));
        }
    }
}
