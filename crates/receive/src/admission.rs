//! Who comes in, and who next: what a tenant may send ([`rate`], [`census`]), what may be under way ([`flight`]), and whose turn it is
//! when there is more to do than can be done at once ([`fair`]).

pub(crate) mod census;
pub(crate) mod fair;
pub(crate) mod flight;
pub(crate) mod rate;
