//! Makes the plan from the rows: order of documents, merged lines, names, costs, matches, opening
//! stock.

use std::collections::{BTreeMap, HashMap};

use super::error::ReplayError;
use super::matching;
use super::plan::{Charge, Customer, Document, DocumentKind, Line, Plan, Product};
use super::plan_builder::{DraftDocument, NameUse, PlanBuilder, ServiceRow, Slots, StockRow};
use super::reader::FileSummary;
use super::rule;
use super::validation;

pub(super) fn assemble(intake: PlanBuilder, seal: FileSummary) -> Result<Plan, ReplayError> {
    let Some(first_time) = intake.first_time else { return Err(ReplayError::Empty { file: seal.file }) };
    let (mut products, sku_rank) = sort_products(intake.skus.list, &intake.names, &seal.file)?;
    drop(intake.names);
    let (order, document_rank) = documents_in_order(&intake.drafts);
    let (lines, ranges) = merge_lines(intake.picks, &document_rank, &sku_rank, &intake.drafts);
    let mut documents: Vec<Document> = order
        .iter()
        .zip(ranges)
        .map(|(&draft_index, lines)| {
            let draft = &intake.drafts[draft_index as usize];
            let invoice = intake.invoices.list[draft.invoice as usize].clone();
            let DraftDocument { kind, time, customer, country, .. } = *draft;
            Document { kind, invoice, time, customer, country, lines, charges: 0..0 }
        })
        .collect();
    let services = assign_services(intake.services, &intake.slots, &document_rank);
    let mut charges = Vec::new();
    for (rank, of_document) in services.by_document {
        let start = charges.len() as u32;
        charges.extend(of_document);
        documents[rank as usize].charges = start..charges.len() as u32;
    }
    let pieces = matching::match_returns(&documents, &lines);
    let received = stock_and_cost(&mut products, &documents, &lines);
    validation::check_stock_value(&seal.file, &products, &received)?;
    let customers = intake.customers.list.into_iter().zip(intake.countries);
    Ok(Plan {
        seal,
        rows_by_kind: intake.rows_by_kind,
        opening_time: first_time.date().at(0, 0, 0, 0),
        products,
        customers: customers.map(|(external_ref, country)| Customer { external_ref, country }).collect(),
        documents,
        lines,
        charges,
        notes: intake.notes,
        pieces,
        skipped_charge_only: services.skipped_charge_only,
        skipped_credit_only: services.skipped_credit_only,
    })
}

/// Products sorted by SKU, and each SKU's place among them.
fn sort_products(
    skus: Vec<Box<str>>,
    names: &[HashMap<Box<str>, NameUse>],
    file: &str,
) -> Result<(Vec<Product>, Vec<u32>), ReplayError> {
    let mut sorted: Vec<(Box<str>, u32)> = skus.into_iter().zip(0..).collect();
    sorted.sort_unstable();
    let mut rank = vec![0; sorted.len()];
    let products = sorted.into_iter().zip(0..).map(|((sku, first_use), rank_index)| {
        rank[first_use as usize] = rank_index;
        let name = match best_name(&names[first_use as usize]) {
            Some((name, row)) => {
                validation::check_name(file, name, row)?;
                name.into()
            }
            None => sku.clone(),
        };
        Ok(Product { sku, name, price: 0, cost: 0, opening: 0, closing: 0 })
    });
    Ok((products.collect::<Result<_, ReplayError>>()?, rank))
}

/// The name most used in sales, else most used at all, of equals the one that came first; and the first row that has it.
fn best_name(uses: &HashMap<Box<str>, NameUse>) -> Option<(&str, u32)> {
    let in_sales = uses.iter().filter(|(_, u)| u.sales > 0).max_by_key(|(_, u)| (u.sales, std::cmp::Reverse(u.first_sale)));
    let in_all = || uses.iter().max_by_key(|(_, u)| (u.all, std::cmp::Reverse(u.first)));
    in_sales.or_else(in_all).map(|(name, uses)| (&**name, uses.first))
}

/// The drafts by (time, seq), and each draft's place in that order.
fn documents_in_order(drafts: &[DraftDocument]) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<u32> = (0..drafts.len() as u32).collect();
    // An order and an adjustment of one invoice may begin in the same minute, never in the same row: the order is total.
    order.sort_unstable_by_key(|&draft_index| (drafts[draft_index as usize].time, drafts[draft_index as usize].seq));
    let mut rank = vec![0; drafts.len()];
    for (&draft_index, position) in order.iter().zip(0..) {
        rank[draft_index as usize] = position;
    }
    (order, rank)
}

/// Merges rows of one (document, SKU, price), but not those of adjustments; gives the lines and each document's range.
fn merge_lines(
    mut picks: Vec<StockRow>,
    document_rank: &[u32],
    sku_rank: &[u32],
    drafts: &[DraftDocument],
) -> (Vec<Line>, Vec<std::ops::Range<u32>>) {
    let merges = |pick: &StockRow| drafts[pick.document as usize].kind != DocumentKind::Adjustment;
    picks.sort_unstable_by_key(|p| (p.document, p.product, p.price, p.row));
    // `dedup_by` hands over the later pick first and keeps the earlier one, which has the lowest row.
    picks.dedup_by(|later, earlier| {
        let same = later.document == earlier.document && later.product == earlier.product && later.price == earlier.price;
        let merged = same && merges(earlier);
        if merged {
            earlier.quantity += later.quantity;
        }
        merged
    });
    picks.sort_unstable_by_key(|p| (document_rank[p.document as usize], p.row));
    let mut ranges = vec![0..0; drafts.len()];
    let mut lines = Vec::with_capacity(picks.len());
    for pick in picks {
        let line_index = lines.len() as u32;
        let range = &mut ranges[document_rank[pick.document as usize] as usize];
        if range.end == 0 {
            *range = line_index..line_index;
        }
        range.end = line_index + 1;
        let product = sku_rank[pick.product as usize];
        lines.push(Line { product, note: pick.note, quantity: pick.quantity, price: pick.price });
    }
    (lines, ranges)
}

struct Services {
    by_document: BTreeMap<u32, Vec<Charge>>,
    skipped_charge_only: u64,
    skipped_credit_only: u64,
}

/// Charges belong to their invoice's order, credits to its return; without such a document they are
/// skipped and counted.
fn assign_services(mut rows: Vec<ServiceRow>, slots: &[Slots], document_rank: &[u32]) -> Services {
    rows.sort_unstable_by(|a, b| {
        (a.invoice, a.credit, &a.sku, a.price, a.row).cmp(&(b.invoice, b.credit, &b.sku, b.price, b.row))
    });
    let mut skipped = [0, 0];
    for group in rows.chunk_by(|a, b| (a.invoice, a.credit) == (b.invoice, b.credit)) {
        let row = &group[0];
        skipped[usize::from(row.credit)] += u64::from(document_of_row(row, slots).is_none());
    }
    rows.dedup_by(|later, earlier| {
        let same = (later.invoice, later.credit, &later.sku, later.price)
            == (earlier.invoice, earlier.credit, &earlier.sku, earlier.price);
        if same {
            earlier.quantity += later.quantity;
        }
        same
    });
    rows.sort_unstable_by_key(|row| row.row);
    let mut by_document: BTreeMap<u32, Vec<Charge>> = BTreeMap::new();
    for row in rows {
        let Some(document) = document_of_row(&row, slots) else { continue };
        if row.quantity == 0 {
            continue;
        }
        let name = if row.sku.is_empty() { row.name } else { row.sku };
        let charge = Charge { name, quantity: row.quantity, price: row.price };
        by_document.entry(document_rank[document as usize]).or_default().push(charge);
    }
    Services { by_document, skipped_charge_only: skipped[0], skipped_credit_only: skipped[1] }
}

fn document_of_row(row: &ServiceRow, slots: &[Slots]) -> Option<u32> {
    let kind = if row.credit { DocumentKind::Return } else { DocumentKind::Order };
    slots[row.invoice as usize][kind as usize]
}

/// Walks all lines once: the first positive sale price sets the cost; the lowest running sum sets
/// the opening stock. Returns the units of each product that arrived later.
fn stock_and_cost(products: &mut [Product], documents: &[Document], lines: &[Line]) -> Vec<i64> {
    let mut lowest = vec![0_i64; products.len()];
    let mut came_in = vec![0_i64; products.len()];
    for document in documents {
        for line in &lines[document.lines.start as usize..document.lines.end as usize] {
            let product = &mut products[line.product as usize];
            let delta = if document.kind == DocumentKind::Order { -line.quantity } else { line.quantity };
            product.closing += delta;
            came_in[line.product as usize] += delta.max(0);
            let low = &mut lowest[line.product as usize];
            *low = product.closing.min(*low);
            if document.kind == DocumentKind::Order && product.price == 0 {
                product.price = line.price;
            }
        }
    }
    for (product, low) in products.iter_mut().zip(lowest) {
        product.opening = -low;
        product.closing += product.opening;
        product.cost = rule::assumed_cost(product.price);
    }
    came_in
}
