//! Rows of papers, invoices and the companies that issue them.

mod entities;
mod invoices;
mod papers;

pub use entities::{change_entity, count_number, entities, entity, entity_of_store, insert_entity, known_stores, set_stores};
pub use invoices::{credited, insert_invoice, invoice, invoice_page, invoiced, open_lines, seal_lines, store_facts};
pub use papers::{by_id, insert, page, tenant_name};
