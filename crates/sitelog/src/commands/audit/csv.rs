//! Rows as CSV (RFC 4180).

use crate::exit::Failure;

/// A header and rows.
pub(super) fn render(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::input(error);
    if !header.is_empty() {
        writer.write_record(header).map_err(failed)?;
    }
    for row in rows {
        writer
            .write_record(row.iter().map(|cell| harmless(cell)))
            .map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(Failure::input)?;
    String::from_utf8(bytes).map_err(Failure::input)
}

/// A cell that a spreadsheet would compute is told to be text: a resource's name must not run in an auditor's office.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.len() > 1 {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn cells_are_quoted_and_harmless() {
        let row = vec![
            "a,b".to_owned(),
            "say \"x\"".to_owned(),
            "=1+1".to_owned(),
            "-".to_owned(),
        ];
        assert_eq!(render(&["n"], [row[..1].to_vec()]).unwrap(), "n\n\"a,b\"\n");
        assert_eq!(render(&[], [row]).unwrap(), "\"a,b\",\"say \"\"x\"\"\",'=1+1,-\n");
    }
}
