//! A list of headers, `name=value,name=value`: the values are hidden, the names stay (R10).

use super::Class;
use crate::chars::Set;
use crate::found::Found;
use crate::placeholder;
use crate::view::{More, View};

static PAIR: Set = Set::except(b",\"'`\r\n");
static PAIR_BARE: Set = Set::except(b",\"'`\r\n \t;&|)");

/// Where the walk over a list stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pairs {
    set: Class,
    /// In a value that is hidden.
    hiding: bool,
}

impl Pairs {
    /// A walk that starts at the first name; in quotes, blanks belong to values.
    pub(crate) fn new(quoted: bool) -> Self {
        Self {
            set: Class(if quoted { &PAIR } else { &PAIR_BARE }),
            hiding: false,
        }
    }

    /// Whether the other hides all that this one does inside of it.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        self.set == other.set
    }

    pub(super) fn feed(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> bool {
        loop {
            match self.step(view, pos, found) {
                Ok(true) => {}
                Ok(false) => return true,
                Err(More) => return false,
            }
        }
    }

    /// A name, or (a part of) a value; false at the end of the list.
    fn step(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> Result<bool, More> {
        let rest = view.bytes.get(*pos..).unwrap_or_default();
        let in_pair = |byte: &&u8| self.set.0.has(**byte) && (self.hiding || **byte != b'=');
        let len = rest.iter().take_while(in_pair).count();
        if self.hiding {
            found.hide(*pos..*pos + len);
        }
        *pos += len;
        match view.at(*pos)? {
            Some(b',') => {
                *pos += 1;
                self.hiding = false;
            }
            Some(b'=') => {
                let start = *pos + 1;
                let end = view.run(start, self.set.0, placeholder::LONGEST)?;
                let stays = placeholder::is_placeholder(view.slice(start..end));
                *pos = if stays { end } else { start };
                self.hiding = !stays;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
