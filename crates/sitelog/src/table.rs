//! Columns for people.

/// Prints rows below a header, each column as wide as its widest cell; the last one is left as it is.
pub(crate) fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells.chain([header[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut header.iter().copied());
    for row in rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

/// A local time, to the second, from Unix nanoseconds.
pub(crate) fn time(nanos: u64) -> String {
    let timestamp = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default();
    timestamp
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// A time in UTC (RFC 3339), from Unix nanoseconds.
pub(crate) fn rfc3339(nanos: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanos))
        .unwrap_or_default()
        .to_string()
}

/// So many of something: `1 chain`, `2 chains`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A length of time with the two units that matter.
pub(crate) fn period(nanos: u64) -> String {
    let (unit, name) = match nanos {
        0..1_000_000_000 => (1_000_000, "ms"),
        1_000_000_000..60_000_000_000 => return format!("{:.1}s", nanos as f64 / 1e9),
        _ => return humantime::format_duration(std::time::Duration::from_secs(nanos / 1_000_000_000)).to_string(),
    };
    format!("{}{name}", nanos / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![
            vec!["a".to_owned(), "1".to_owned()],
            vec!["longer".to_owned(), "2".to_owned()],
        ];
        assert_eq!(render(&["NAME", "N"], &rows), "NAME    N\na       1\nlonger  2\n");
    }

    #[test]
    fn periods_are_short() {
        let shown = [0, 5_000_000, 1_500_000_000, 61_000_000_000].map(period);
        assert_eq!(shown, ["0ms", "5ms", "1.5s", "1m 1s"]);
    }
}
