//! The four bytes that stand beside those by which something is found, for who looks at every second place only.

use super::compiled::Tables;
use crate::chars::Set;
use crate::filter::{GRAM, commonness, gram};
use crate::memo::Memo;
use crate::view::View;
use std::ops::Range;

impl Tables {
    /// Whether an anchor or a pattern stands in a range of some bytes.
    #[inline]
    pub(crate) fn any_stands(&self, bytes: &[u8], range: Range<usize>) -> bool {
        let beside = |at: usize| self.stands_beside(&bytes[range.clone()], at - range.start);
        self.sampled.any(bytes, range.clone(), beside)
    }

    #[cold]
    fn stands_beside(&self, text: &[u8], at: usize) -> bool {
        let view = View {
            bytes: text,
            ended: true,
            seams: &[],
            live: false,
            memo: &Memo::default(),
        };
        (at.saturating_sub(1)..=at + 1).any(|at| self.stands(&view, at))
    }
}

/// Those beside the ones at `offset` of a literal, which are `keys`: one place further on or one back, the rarer. What may
/// follow the literal is known of some.
pub(crate) fn of_literal(literal: &[u8], offset: usize, keys: &[u32], follows: Option<&Set>) -> Vec<u32> {
    let window = |at: usize| literal.get(at..).and_then(<[u8]>::first_chunk::<GRAM>).copied();
    let back = offset.checked_sub(1).and_then(window);
    match back
        .into_iter()
        .chain(window(offset + 1))
        .min_by_key(|window| commonness(*window))
    {
        Some(rarer) => vec![gram(rarer)],
        None => match (literal, follows) {
            ([_, b, c, d], Some(set)) => grams_before(set, [*b, *c, *d]),
            _ => behind_anything(keys),
        },
    }
}

/// The grams of three bytes and what may follow them.
fn grams_before(set: &Set, [a, b, c]: [u8; 3]) -> Vec<u32> {
    let next = (0..=u8::MAX).filter(|next| set.has(*next));
    let mut grams: Vec<u32> = next.map(|next| gram([a, b, c, next])).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// Those one place back, whatever stands there.
pub(crate) fn behind_anything(keys: &[u32]) -> Vec<u32> {
    let mut heads: Vec<u32> = keys.iter().map(|key| key << 8).collect();
    heads.sort_unstable();
    heads.dedup();
    let mut beside: Vec<u32> = (0..=u32::from(u8::MAX))
        .flat_map(|before| heads.iter().map(move |head| head | before | 0x20))
        .collect();
    beside.sort_unstable();
    beside.dedup();
    beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::compiled::Compiled;
    use crate::rules::{Find, Part, all};
    use crate::tally::Tally;
    use crate::{Declared, Settings};
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::sync::{Arc, LazyLock};

    const DECLARED: &[&str] = &[
        "s3cr3t word+/x",
        "line one\nline \"two\"",
        "größe-§7",
        "abcd12",
        "%p%q w/b",
    ];

    static RULES: LazyLock<Compiled> = LazyLock::new(|| {
        let declared = DECLARED.iter().map(|value| Declared {
            name: "X".to_owned(),
            value: value.as_bytes().to_vec(),
        });
        let settings = Settings {
            declared: declared.collect(),
            keys: vec!["crown jewel".to_owned(), "pet".to_owned()],
            ..Settings::default()
        };
        Compiled::new(&settings, Arc::new(Tally::new(200))).unwrap()
    });

    /// Every word that is looked for, declared values in some of their forms, and what stands between.
    static PIECES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let words = all().flat_map(|rule| match &rule.find {
            Find::Near(words, _) => words.to_vec(),
            Find::Token([Part::Lit(literal), ..]) => vec![*literal],
            _ => Vec::new(),
        });
        let forms = [
            "s3cr3t+word%2B%2Fx",
            "czNjcjN0IHdvcmQrL3",
            "line one\\nline \\\"two",
            "673472c3b6",
            "jewel",
            "PET",
        ];
        let between = [
            "",
            " ",
            "e",
            "e",
            "-",
            "\n",
            "0",
            "k",
            "pass",
            "ghp",
            "tok",
            "ü",
            "\u{1f511}",
            "=",
            "\\",
        ];
        let all = words.chain(DECLARED.iter().copied()).chain(forms).chain(between);
        all.map(|piece| piece.as_bytes().to_vec()).collect()
    });

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Guarantees: looking at every second place finds as much as looking at each, wherever a text starts and ends in
        /// what lies around it.
        #[test]
        fn nothing_is_passed_over(
            pieces in prop::collection::vec((select(PIECES.as_slice()), any::<bool>()), 1..6),
            from in 0usize..12, cut in 0usize..12,
        ) {
            let bytes: Vec<u8> = pieces
                .iter()
                .flat_map(|(piece, upper)| if *upper { piece.to_ascii_uppercase() } else { piece.clone() })
                .collect();
            let range = from.min(bytes.len())..bytes.len().saturating_sub(cut).max(from.min(bytes.len()));
            let text = &bytes[range.clone()];
            let memo = Memo::default();
            let view = View { bytes: text, ended: true, seams: &[], live: false, memo: &memo };
            let each = (0..text.len()).any(|at| RULES.stands(&view, at));
            prop_assert_eq!(RULES.any_stands(&bytes, range), each);
            prop_assert_eq!(RULES.any_stands(text, 0..text.len()), each);
        }
    }
}
