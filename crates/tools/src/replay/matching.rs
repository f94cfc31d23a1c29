//! Matching of returns with order lines: the customer's latest first, whatever their price.

use std::collections::{HashMap, HashSet};

use super::plan::{Document, DocumentKind, Line, Piece};

/// Part of an order line that is not returned yet.
struct UnreturnedLine {
    line: u32,
    left: i64,
}

/// Pieces of all returns that have a customer, sorted by return line. Units without a piece were
/// returned without an order.
pub(super) fn match_returns(documents: &[Document], lines: &[Line]) -> Vec<Piece> {
    let lines_of =
        |document: &Document| document.lines.clone().zip(&lines[document.lines.start as usize..document.lines.end as usize]);
    // Only lines that a return of the same customer may match are kept: a few thousand of half a
    // million.
    let mut returned_keys = HashSet::new();
    for document in documents.iter().filter(|d| d.kind == DocumentKind::Return) {
        if let Some(customer) = document.customer {
            returned_keys.extend(lines_of(document).map(|(_, line)| (customer, line.product)));
        }
    }
    let mut shelves: HashMap<(u32, u32), Vec<UnreturnedLine>> = HashMap::new();
    let mut pieces = Vec::new();
    for document in documents {
        let Some(customer) = document.customer else { continue };
        for (line_index, line) in lines_of(document) {
            let key = (customer, line.product);
            match document.kind {
                DocumentKind::Adjustment => {}
                DocumentKind::Order => {
                    if returned_keys.contains(&key) {
                        shelves.entry(key).or_default().push(UnreturnedLine { line: line_index, left: line.quantity });
                    }
                }
                DocumentKind::Return => {
                    if let Some(shelf) = shelves.get_mut(&key) {
                        match_return(shelf, line_index, line.quantity, &mut pieces);
                    }
                }
            }
        }
    }
    pieces
}

/// The shelf is in processing order, so its end is the latest sale.
fn match_return(shelf: &mut Vec<UnreturnedLine>, return_line: u32, mut need: i64, pieces: &mut Vec<Piece>) {
    while need > 0 {
        let Some(latest) = shelf.last_mut() else { return };
        let units = need.min(latest.left);
        pieces.push(Piece { return_line, order_line: latest.line, units });
        need -= units;
        latest.left -= units;
        if latest.left == 0 {
            shelf.pop();
        }
    }
}
