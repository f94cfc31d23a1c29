//! The catalogue, the ledger and the documents that move stock.
//!
//! Rooms, in reading order: each names only those before it.

/// Formats of document numbers, and their parser.
pub mod numbering;
/// Master data: products, suppliers, customers, stores, channels.
pub mod catalog;
/// Exchange rates, and amounts of one currency in another.
pub mod currency;
/// Levels, the rules of the ledger, reservations.
pub mod stock;
/// The one writer of stock and of the documents that move it: the engine, which names none of them.
pub mod ledger;
/// Creating and changing lots, taking them out of sale and back.
pub mod lots;
/// Reversals of documents: their rules, and the mirror of a document's movements.
pub mod reversals;
/// Sales orders and their fulfilments.
pub mod orders;
/// Fulfilment of orders by the stores that ship them.
pub mod fulfilment;
/// Returns: goods that customers send back.
pub mod returns;
/// Payments and refunds of orders, as facts.
pub mod payments;
/// Purchase orders, blanket orders and replenishment.
pub mod purchasing;
/// Goods on their way from one store to another.
pub mod transfers;
/// Stock counts, and the corrections that they post.
pub mod counts;
/// Value and cost of stock.
pub mod costing;

/// The kinds of documents that the ledger writes, in the order in which every writer locks them and in which their rows are written.
pub fn documents() -> ledger::Documents {
    ledger::Documents::default()
        .and::<orders::Orders>()
        .and::<fulfilment::Works>()
        .and::<returns::Returns>()
        .and::<payments::Payments>()
        .and::<transfers::Transfers>()
        .and::<counts::Counts>()
        .and::<purchasing::Purchases>()
        .and::<reversals::Reversals>()
}
