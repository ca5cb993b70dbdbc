//! The document on privacy, as it comes with the product. It is written in the few forms of Markdown that are read here:
//! headings, paragraphs, lists, tables, emphasis and code.

use leptos::prelude::*;

use crate::language::say;
use crate::ui::{Modal, ModalHead};

const TEXT: &str = include_str!("../../../docs/PRIVACY.md");

/// The document in full; it is in English.
#[component]
pub fn PrivacyDocument(
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Modal label=say!(privacy.document) kind="sheet" on_close>
            <ModalHead title=say!(privacy.document) on_close />
            <div class="dialog-content dialog-scroll document" lang="en" dir="ltr" data-testid="privacy-document">
                {blocks(TEXT).into_iter().map(shown).collect_view()}
            </div>
        </Modal>
    }
}

/// A part of the document.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    Title(String),
    Paragraph(String),
    /// Entries, and whether they are numbered.
    List(Vec<String>, bool),
    /// The head and the rows.
    Table(Vec<Vec<String>>),
}

/// How a piece of a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    Strong,
    Emphasis,
    Code,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let trimmed = line.trim();
        let indented = line.starts_with(' ');
        if trimmed.is_empty() {
            open = false;
            continue;
        }
        if let Some(title) = trimmed.strip_prefix('#') {
            blocks.push(Block::Title(title.trim_start_matches('#').trim().to_owned()));
            open = false;
            continue;
        }
        if trimmed.starts_with('|') {
            let cells = trimmed.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            let cells: Vec<String> = cells.collect();
            let rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-' || c == ':'));
            match blocks.last_mut() {
                Some(Block::Table(_)) if open && rule => {}
                Some(Block::Table(rows)) if open => rows.push(cells),
                _ => blocks.push(Block::Table(vec![cells])),
            }
        } else if let Some((entry, numbered)) = entry(trimmed).filter(|_| !indented) {
            match blocks.last_mut() {
                Some(Block::List(entries, _)) => entries.push(entry.to_owned()),
                _ => blocks.push(Block::List(vec![entry.to_owned()], numbered)),
            }
        } else {
            let longer = match blocks.last_mut().filter(|_| open) {
                Some(Block::Paragraph(text)) => Some(text),
                Some(Block::List(entries, _)) => entries.last_mut(),
                _ => None,
            };
            match longer {
                Some(text) => {
                    text.push(' ');
                    text.push_str(trimmed);
                }
                None => blocks.push(Block::Paragraph(trimmed.to_owned())),
            }
        }
        open = true;
    }
    blocks
}

/// The entry of a list, and whether it is numbered.
fn entry(line: &str) -> Option<(&str, bool)> {
    if let Some(entry) = line.strip_prefix("- ") {
        return Some((entry, false));
    }
    let (number, entry) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((entry, true))
}

/// The pieces of a line with their marks.
fn pieces(line: &str) -> Vec<(Mark, &str)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let opening = [("**", Mark::Strong), ("`", Mark::Code), ("*", Mark::Emphasis)]
            .into_iter()
            .filter_map(|(sign, mark)| {
                let start = rest.find(sign)?;
                let inside = start + sign.len();
                let length = rest[inside..].find(sign)?;
                Some((start, inside, length, sign.len(), mark))
            })
            .min_by_key(|(start, ..)| *start);
        let Some((start, inside, length, sign, mark)) = opening else {
            pieces.push((Mark::Plain, rest));
            break;
        };
        if start > 0 {
            pieces.push((Mark::Plain, &rest[..start]));
        }
        pieces.push((mark, &rest[inside..inside + length]));
        rest = &rest[inside + length + sign..];
    }
    pieces
}

fn line(text: &str) -> Vec<AnyView> {
    let piece = |(mark, text): (Mark, &str)| {
        let text = text.to_owned();
        match mark {
            Mark::Plain => text.into_any(),
            Mark::Strong => view! { <strong>{text}</strong> }.into_any(),
            Mark::Emphasis => view! { <em>{text}</em> }.into_any(),
            Mark::Code => view! { <code>{text}</code> }.into_any(),
        }
    };
    pieces(text).into_iter().map(piece).collect()
}

fn shown(block: Block) -> AnyView {
    match block {
        Block::Title(title) => view! { <h3 class="part-title">{title}</h3> }.into_any(),
        Block::Paragraph(text) => view! { <p>{line(&text)}</p> }.into_any(),
        Block::List(entries, numbered) => {
            let entries: Vec<_> =
                entries.iter().map(|entry| view! { <li>{line(entry)}</li> }.into_any()).collect();
            if numbered {
                view! { <ol>{entries}</ol> }.into_any()
            } else {
                view! { <ul>{entries}</ul> }.into_any()
            }
        }
        Block::Table(rows) => {
            let mut rows = rows.into_iter();
            let head: Vec<_> = rows
                .next()
                .unwrap_or_default()
                .iter()
                .map(|cell| view! { <th scope="col">{line(cell)}</th> }.into_any())
                .collect();
            let row = |cells: Vec<String>| {
                let cell = |(place, cell): (usize, &String)| match place {
                    0 => view! { <th scope="row">{line(cell)}</th> }.into_any(),
                    _ => view! { <td>{line(cell)}</td> }.into_any(),
                };
                let cells: Vec<_> = cells.iter().enumerate().map(cell).collect();
                view! { <tr>{cells}</tr> }.into_any()
            };
            let rows: Vec<_> = rows.map(row).collect();
            view! {
                <div class="scroll-x">
                    <table class="data-table">
                        <thead>
                            <tr>{head}</tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }
            .into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_read_in_its_parts() {
        let text = "# One\n\nA line\ngoes on.\n\n- a\n  b\n- c\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n";
        let cells = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            blocks(text),
            [
                Block::Title("One".to_owned()),
                Block::Paragraph("A line goes on.".to_owned()),
                Block::List(vec!["a b".to_owned(), "c".to_owned()], false),
                Block::Table(vec![cells(["x", "y"]), cells(["1", "2"])]),
            ]
        );
        assert!(!blocks(TEXT).is_empty());
    }

    #[test]
    fn marks_are_told_apart() {
        assert_eq!(
            pieces("**Bold** and `code`, *so* 2 * 3"),
            [
                (Mark::Strong, "Bold"),
                (Mark::Plain, " and "),
                (Mark::Code, "code"),
                (Mark::Plain, ", "),
                (Mark::Emphasis, "so"),
                (Mark::Plain, " 2 * 3"),
            ]
        );
    }
}
