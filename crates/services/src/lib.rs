//! Services around the stock: alerts, webhooks, files, imports and exports, reports.
//!
//! Rooms, in reading order: each depends only on those before it.

/// Alerts: one is opened for each threshold that is crossed, and sent by e-mail.
pub mod alerts;
/// Delivery of events to URLs of the tenant's choice.
pub mod webhooks;
/// Uploaded and generated files, and their upload and download links.
pub mod files;
/// Buckets of tenants, with their logins.
pub mod buckets;
/// Pictures and documents of products.
pub mod media;
/// Imports and exports of the rooms' rows, and mutations for each line of a file.
pub mod exchange;
/// Labels for products: codes that machines read.
pub mod labels;
/// Scanned codes, and the rows that match them.
pub mod scan;
/// Search over objects of all kinds by their names.
pub mod search;
/// Hashes over versions of stock levels, for partners who keep a copy.
pub mod digest;
/// Backups of an embedded database, encrypted, in a folder or a bucket.
pub mod backups;
/// Reports on the rooms' rows, and checks that the rows agree.
pub mod insight;
/// Demand facts: demand and sales of each product on each day, aggregated from the journal.
pub mod demand;
/// Forecasts of weekly demand, stored unchanged and scored when the weeks are over.
pub mod forecasting;
/// Suggestions of transfers and purchases: policies, plans from forecasts, and drafts of approved
/// suggestions.
pub mod replenishment;
/// Anomalous days of stock: flagged after their end, and accepted by members.
pub mod anomalies;
/// Categories, duplicates and clean names suggested from the texts of a tenant's own products.
pub mod suggestions;
/// Reports that rank, divide and compare: classes, fill rates, the cost of stock-outs, expiring
/// lots, repeat customers; and the dashboard.
pub mod reports;
/// Dead and slow stock, and plans to liquidate it.
pub mod liquidation;
/// Notes on objects of every kind.
pub mod notes;
/// Files attached to objects of every kind.
pub mod attachments;
/// Tags and custom data of objects that have none of their own.
pub mod tagging;
/// The history of an object: the audit log, movements and notes in one order.
pub mod history;
/// Queries that are saved under a name, and run with the rights of their reader.
pub mod saved_views;
/// Scheduled exports: files of the rows that have changed, followed by a manifest.
pub mod export_schedules;
/// Pages and PDFs of documents.
pub mod papers;
