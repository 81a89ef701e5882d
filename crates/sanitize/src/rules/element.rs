//! The text of an element that is called password or the like: `<tag>VALUE</tag>` (R7).

use super::site::Site;
use super::value::skip_space;
use crate::chars::{KEY, Set};
use crate::found::Found;
use crate::keys;
use crate::placeholder::is_placeholder;
use crate::view::{LOOK_AHEAD, More, View};

static IN_TAG: Set = Set::except(b"<>\r\n");
static TEXT: Set = Set::except(b"<\r\n");

/// Whether a key is the name of an element: `<password`, `<ns:password`.
pub(super) fn is_named(view: &View<'_>, start: usize) -> bool {
    match view.before(start) {
        Some(b'<') => true,
        Some(b':') => {
            let name = view.run_back(start - 1, &KEY, 32);
            name < start - 1 && view.before(name) == Some(b'<')
        }
        _ => false,
    }
}

/// Hides the text of the element that a key names, on one line.
pub(super) fn text(view: &View<'_>, site: &Site, found: &mut Found) -> Result<(), More> {
    let open = view.run(site.after, &IN_TAG, 256)?;
    if view.at(open)? != Some(b'>') {
        return Ok(());
    }
    let start = skip_space(view, open + 1, true)?;
    found.hold_from(start);
    let end = view.run(start, &TEXT, LOOK_AHEAD)?;
    let text = view.slice(start..end).trim_ascii_end();
    let closed = skip_space(view, end, true)?;
    if !view.is(closed, b"</")? {
        return Ok(());
    }
    let name = view.run(closed + 2, &IN_TAG, keys::LONGEST)?;
    let same = view
        .slice(closed + 2..name)
        .trim_ascii_end()
        .ends_with(view.slice(site.key.clone()));
    if same && !is_placeholder(text) {
        found.hide(start..start + text.len());
    }
    Ok(())
}
