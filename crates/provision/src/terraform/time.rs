//! Times as the engines write them: RFC 3339 with an offset and up to nanoseconds.

/// Unix nanoseconds of `2026-11-21T08:52:47.918760Z` or `…+01:00`; none where it is no such time, or one before 1970.
pub(super) fn nanoseconds(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !bytes.is_ascii() || separators.iter().any(|&(at, byte)| bytes.get(at) != Some(&byte)) {
        return None;
    }
    let part = |from: usize, to: usize| digits(bytes.get(from..to)?);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = bytes.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let kept = &fraction[..length.min(9)];
        nanos = digits(kept)? * 10_i64.pow(9 - u32::try_from(kept.len()).ok()?);
        rest = &fraction[length..];
    }
    let offset = match rest {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = digits(&[*h1, *h2])? * 60 + digits(&[*m1, *m2])?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let seconds = (days(year, month, day) * 24 + hour) * 3600 + (minute - offset) * 60 + second;
    u64::try_from(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?).ok()
}

/// The number that these digits are.
fn digits(text: &[u8]) -> Option<i64> {
    (!text.is_empty() && text.iter().all(u8::is_ascii_digit))
        .then(|| text.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0')))
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn reads_what_the_engines_write() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00.5Z", 951_825_600_500_000_000),
            ("2026-11-21T08:52:47.918760Z", 1_795_251_167_918_760_000),
            ("2026-11-21T09:52:47.918760+01:00", 1_795_251_167_918_760_000),
            ("2026-11-21T03:22:47.918760-05:30", 1_795_251_167_918_760_000),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T08:52:47",
            "2026-13-21T08:52:47Z",
            "2026-11-21T08:52:47.Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
        assert_eq!(nanoseconds("2026-11-21T08:52:47+ü:00"), None);
    }
}
