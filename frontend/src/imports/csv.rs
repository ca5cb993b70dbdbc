//! The tables that this page hands out.

/// The columns that an import knows.
pub const COLUMNS: [&str; 7] = ["name", "external_id", "email", "phone", "branch", "year", "groups"];

/// A table as CSV (RFC 4180). A cell that a spreadsheet would run as a formula gets an apostrophe in front.
pub fn table<'a>(rows: impl IntoIterator<Item = Vec<&'a str>>) -> String {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(cell).collect();
        text += &cells.join(",");
        text += "\r\n";
    }
    text
}

fn cell(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if runs { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_run() {
        let text = table([vec!["row", "what is wrong"], vec!["2", "say \"no\", twice"], vec!["3", "=1+1"]]);
        assert_eq!(text, "row,what is wrong\r\n2,\"say \"\"no\"\", twice\"\r\n3,'=1+1\r\n");
    }
}
