//! The catalogue, the ledger and the documents that move stock.
//!
//! Rooms, in reading order: each names only those before it.

/// What numbers of documents look like, and which number a text is.
pub mod numbering;
/// What is sold and counted, from whom, to whom and where.
pub mod catalog;
/// Exchange rates, and amounts of one currency in another.
pub mod currency;
/// Levels, the rules of the ledger, reservations.
pub mod stock;
/// The one writer of stock and of the documents that move it: the engine, which names none of them.
pub mod ledger;
/// Making and changing lots, taking them out of sale and back.
pub mod lots;
/// Undoing documents: what a reversal is, and the mirror of what a document posted.
pub mod reversals;
/// Sales orders and their fulfilments.
pub mod orders;
/// What each store has to send of an order, and how it goes about it.
pub mod fulfilment;
/// Goods that customers give back.
pub mod returns;
/// What was paid of orders and given back, as facts.
pub mod payments;
/// What is bought, from whom, and when.
pub mod purchasing;
/// Goods on their way from one store to another.
pub mod transfers;
/// What is there, counted, and the books set right.
pub mod counts;
/// What stock is worth, and what it cost.
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
