//! What stands around the stock: alerts, webhooks, files, imports and exports, reports.
//!
//! Rooms, in reading order: each names only those before it.

/// What somebody should look at: opened once for each line that is crossed, and told by letter.
pub mod alerts;
/// What happened, told to addresses of the tenant's choice.
pub mod webhooks;
/// Files that people bring and take away, and the links they travel by.
pub mod files;
/// Pictures and documents of products.
pub mod media;
/// Imports and exports of the rooms' rows, and mutations for each line of a file.
pub mod exchange;
/// Labels for products: codes that machines read.
pub mod labels;
/// Codes that scanners read, and the rows that they name.
pub mod scan;
/// Search over all kinds of things by what names them.
pub mod search;
/// Hashes over versions of stock levels, for partners who keep a copy.
pub mod digest;
/// Backups of an embedded database, encrypted, in a folder or a bucket.
pub mod backups;
/// What the rooms' rows tell: reports, and the proof that they agree.
pub mod insight;
/// Demand facts: what was wanted and sold of each product on each day, kept from the journal.
pub mod demand;
/// Forecasts of weekly demand, kept as they were made and scored as they come true.
pub mod forecasting;
/// What to move and what to buy: policies, plans from forecasts, and drafts of what was approved.
pub mod replenishment;
/// Strange days of stock: flagged once they are over, and accepted by people.
pub mod anomalies;
/// Categories, duplicates and clean names suggested from the texts of a tenant's own products.
pub mod suggestions;
/// Reports that rank, divide and compare: classes, fill rates, what stock-outs cost, what expires, who comes again; and the dashboard.
pub mod reports;
/// Dead and slow stock, and plans of what to do with it.
pub mod liquidation;
/// Notes of people on things of every kind.
pub mod notes;
/// Files attached to things of every kind.
pub mod attachments;
/// Tags and custom data of things that have none of their own.
pub mod tagging;
/// The history of a thing: the audit log, movements and notes in one order.
pub mod history;
/// Queries that are kept under a name, and read with the rights of whoever reads.
pub mod saved_views;
/// Exports that go on by themselves: files of what has changed, and a manifest behind them.
pub mod export_schedules;
/// Pages and PDFs that are drawn of documents.
pub mod papers;
