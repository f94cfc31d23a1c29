//! Which order lines a return takes back: the customer's latest first, whatever their price.

use std::collections::{HashMap, HashSet};

use super::plan::{Document, DocumentKind, Line, Piece};

/// What of an order line has not come back yet.
struct Sold {
    line: u32,
    left: i64,
}

/// Pieces of all returns that have a customer, sorted by return line. What they do not cover came back blind.
pub(super) fn pieces(documents: &[Document], lines: &[Line]) -> Vec<Piece> {
    let of = |document: &Document| document.lines.clone().zip(&lines[document.lines.start as usize..document.lines.end as usize]);
    // Only what some return of the same customer asks for is worth remembering: a few thousand of half a million lines.
    let mut wanted = HashSet::new();
    for document in documents.iter().filter(|d| d.kind == DocumentKind::Return) {
        if let Some(customer) = document.customer {
            wanted.extend(of(document).map(|(_, line)| (customer, line.product)));
        }
    }
    let mut shelves: HashMap<(u32, u32), Vec<Sold>> = HashMap::new();
    let mut pieces = Vec::new();
    for document in documents {
        let Some(customer) = document.customer else { continue };
        for (at, line) in of(document) {
            let key = (customer, line.product);
            match document.kind {
                DocumentKind::Adjustment => {}
                DocumentKind::Order => {
                    if wanted.contains(&key) {
                        shelves.entry(key).or_default().push(Sold { line: at, left: line.quantity });
                    }
                }
                DocumentKind::Return => {
                    if let Some(shelf) = shelves.get_mut(&key) {
                        take_back(shelf, at, line.quantity, &mut pieces);
                    }
                }
            }
        }
    }
    pieces
}

/// The shelf is in processing order, so its end is the latest sale.
fn take_back(shelf: &mut Vec<Sold>, return_line: u32, mut need: i64, pieces: &mut Vec<Piece>) {
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
